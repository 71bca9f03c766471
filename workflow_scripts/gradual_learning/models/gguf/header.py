"""The header of a GGUF file: what it states about its model, checked before any weight is converted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
from transformers.integrations.gguf import read_gguf_metadata

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.files import require_content

VERSIONS = (2, 3)
TOKENS, MERGES = "tokenizer.ggml.tokens", "tokenizer.ggml.merges"
AGAIN = "Get the file again."
OTHER_LAYOUT = "Use this model in Hugging Face layout (safetensors), or another GGUF file."
_MAGIC = b"GGUF"
_SCALED_ROTATION = {"gpt-oss"}  # architectures whose scaled rotary positions transformers reads from a GGUF file
_USUAL = ("blk.", "token_embd", "output", "position_embd")  # beginnings of the names of tensors that every reader knows
# not a matter of the content of the file; for arbitrary bytes the libraries raise anything else, even plain Exception
_OTHER_CAUSES = (UserError, OSError, MemoryError, ImportError)


@dataclass(frozen=True)
class Header:
    """What a GGUF file states about its model."""

    path: Path
    metadata: dict[str, Any]  # tokens and merges in full, any other list of strings as its length
    sizes: dict[str, int]  # number of weights by the name of the tensor

    @property
    def architecture(self) -> str:
        """The name of the architecture in llama.cpp."""
        return self.metadata["general.architecture"]

    @property
    def quantization(self) -> str | None:
        """How most weights are stored, for example Q4_1."""
        number = self.metadata.get("general.file_type", -1)
        known = {kind.value: kind.name for kind in gguf.LlamaFileType}
        return known.get(number, "").removeprefix("MOSTLY_").removeprefix("ALL_") or None

    @property
    def unusual(self) -> list[str]:
        """Names of tensors that are neither part of a layer nor embeddings or output."""
        return [name for name in self.sizes if not name.startswith(_USUAL)]


def read_header(path: str | Path) -> Header:
    """Read the header of a GGUF file, and check that the file is complete and holds a whole model.

    Raises:
        UserError: the file is no GGUF file, damaged, of an unknown version or byte order, one part of several, or
            without a tokenizer; the message names the file and the remedy.
    """
    path = Path(path)
    _check_format(path)
    with explain_damage(path):
        metadata, _ = read_gguf_metadata(str(path), (TOKENS, MERGES))
        if _parts(metadata) <= 1:  # other parts of a split model may hold nothing but tensors
            tensors = gguf.GGUFReader(path).tensors
    _check_content(path, metadata)
    return Header(path, metadata, {tensor.name: int(tensor.n_elements) for tensor in tensors})


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Convert what the readers raise within the block to a UserError that names the file."""
    try:
        yield
    except _OTHER_CAUSES:
        raise
    except Exception as error:
        if "allocate memory" in str(error):  # torch reports a lack of memory as a RuntimeError
            raise
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        if "not supported" in str(error) or "Unknown gguf model_type" in str(error):
            raise UserError(f"{path}: transformers cannot read this file: {lines[0]} {OTHER_LAYOUT}") from error
        raise UserError(f"{path}: a truncated or damaged GGUF file ({lines[0].rstrip('.')}). {AGAIN}") from error


def _check_format(path: Path) -> None:
    """Check the first bytes of a file: the magic bytes, then the version, whose byte order is that of the file."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file. Check model.path and model.gguf_file.")
    require_content(path)
    with open(path, "rb") as file:
        start = file.read(8)
    if start[:4] != _MAGIC:
        raise UserError(f"{path}: not a GGUF file, it does not start with the bytes GGUF. {AGAIN}")
    version = int.from_bytes(start[4:8], "little")
    if version and version & 0xFFFF == 0:
        raise UserError(f"{path}: a big-endian GGUF file. Convert it with `gguf-convert-endian {path.name} little`.")
    if version not in VERSIONS:
        known = " and ".join(map(str, VERSIONS))
        raise UserError(f"{path}: GGUF version {version}, but only versions {known} can be read. {OTHER_LAYOUT}")


def _parts(metadata: dict[str, Any]) -> int:
    """Return the number of files of the model."""
    return metadata.get("split.count", 1)


def _check_content(path: Path, metadata: dict[str, Any]) -> None:
    """Check that the file holds a whole model with a tokenizer, and nothing that transformers would ignore."""
    if (parts := _parts(metadata)) > 1:
        raise UserError(
            f"{path}: one of {parts} parts of a model. Merge them with `llama-gguf-split --merge`, a tool of llama.cpp."
        )
    if TOKENS not in metadata or "tokenizer.ggml.model" not in metadata:
        raise UserError(f"{path}: the file holds no tokenizer ({TOKENS}). {OTHER_LAYOUT}")
    if "tokenizer.ggml.eos_token_id" not in metadata:
        raise UserError(
            f"{path}: the tokenizer has no end token (tokenizer.ggml.eos_token_id), without which a model cannot learn "
            "to end its answers. Add it with `gguf-new-metadata --special-token-by-id eos NUMBER`, or use another file."
        )
    architecture = metadata["general.architecture"]
    scaling = metadata.get(f"{architecture}.rope.scaling.type", "none")
    if scaling != "none" and architecture not in _SCALED_ROTATION:
        raise UserError(
            f"{path}: positions are scaled ({architecture}.rope.scaling.type is {scaling}), which transformers does "
            f"not read from a GGUF file. {OTHER_LAYOUT}"
        )
