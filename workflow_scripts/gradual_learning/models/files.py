"""Which files of a model are used, and whether its weights are complete.

Weights must be safetensors: the older formats may contain code.
"""

import fnmatch
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.fingerprint import file_digest

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER_CONFIG = "adapter_config.json"
GGUF = ".gguf"  # ending of the names of files in the format of llama.cpp
_VOCABULARY = ("tokenizer.json", "*.model", "vocab.*")
_CONFIG = (
    *("config.json", INDEX, "generation_config.json"),
    *("tokenizer*", "special_tokens_map.json", "merges.txt", "added_tokens.json", "chat_template*", *_VOCABULARY),
)
_LFS_POINTER = b"version https://git-lfs"
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.h5", "*.msgpack")


def config_files(names: Iterable[str], model: str) -> list[str]:
    """Return the small files of a model: configuration, tokenizer, index of the weights.

    Args:
        names: all files of the model.
        model: configuration key and name of the model, for messages.

    Raises:
        UserError: the model has no configuration or no tokenizer, or there is an adapter.
    """
    names = list(names)
    if ADAPTER_CONFIG in names:
        raise UserError(_adapter(names, model))
    found = [name for name in names if "/" not in name and _matches(name, _CONFIG)]
    if "config.json" not in found:
        choice = f" {gguf_choice(held)}" if (held := [name for name in names if name.endswith(GGUF)]) else ""
        raise UserError(f"{model} has no config.json, so it is not a model in Hugging Face layout.{choice}")
    if not any(_matches(name, _VOCABULARY) for name in found):
        raise UserError(f"{model} has no tokenizer (tokenizer.json or *.model). Use the model that it was made from.")
    return found


def weight_files(names: Iterable[str], folder: str | Path, model: str) -> list[str]:
    """Return the files that hold the weights: the single one, or those that the index lists.

    Args:
        names: all files of the model.
        folder: the folder with the index.
        model: configuration key and name of the model, for messages.

    Raises:
        UserError: the model has no safetensors weights, or some are missing.
    """
    names = list(names)
    if WEIGHTS in names:
        return [WEIGHTS]
    if INDEX not in names:
        if held := [name for name in names if name.endswith(GGUF)]:
            raise UserError(f"{model} has no safetensors weights. {gguf_choice(held)}")
        other = [name for name in names if _matches(name, _PICKLED)]
        raise UserError(
            f"{model} has no safetensors weights{f', only {other[0]}, which is never loaded' if other else ''}. "
            "Set model.revision to one that has them (often a pull request, refs/pr/<number>). Or convert the model on "
            "a machine where you trust it (from_pretrained, then save_pretrained), and set model.source to local and "
            "model.path to the result."
        )
    shards = sorted(set(_weight_map(folder).values()))
    if missing := [name for name in shards if name not in names]:
        raise UserError(f"{model} lacks {', '.join(missing)}, listed in {INDEX}. Get the complete model.")
    return shards


def _adapter(names: list[str], model: str) -> str:
    """Say what to do with a LoRA adapter, alone or next to whole weights, which transformers would combine."""
    merge = (
        "merge it into its base model (PEFT: AutoPeftModelForCausalLM.from_pretrained, merge_and_unload, then "
        "save_pretrained for model and tokenizer), and set model.source to local and model.path to the result."
    )
    if not {WEIGHTS, INDEX}.intersection(names):
        return f"{model} is a LoRA adapter ({ADAPTER_CONFIG}), not a whole model. To use it, {merge}"
    return (
        f"{model} holds a LoRA adapter ({ADAPTER_CONFIG}) next to whole weights. To use it, {merge} To use the weights "
        "without it, set model.path to a copy of the folder without the adapter."
    )


def require_content(path: str | Path) -> None:
    """Check that a file is not a pointer of Git LFS, which stands for a file that was not downloaded.

    Raises:
        UserError: it is one.
    """
    with open(path, "rb") as file:
        if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
            raise UserError(f"{path}: a pointer of Git LFS, not the file itself. Run `git lfs pull` in its repository.")


def gguf_choice(names: Iterable[str]) -> str:
    """Say which GGUF files there are to choose from."""
    names = sorted(names)
    return (
        f"Set model.gguf_file to one of these files: {', '.join(names)}." if names else "There is no GGUF file in it."
    )


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _weight_map(folder: str | Path) -> dict[str, str]:
    """Return which file holds which tensor, according to the index."""
    path = Path(folder) / INDEX
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: not an index of weights ({error}). Get the complete model.") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise UserError(f"{path}: weight_map must name the file of every tensor. Get the complete model.")
    return found


def link_model(source: str | Path, folder: str | Path, with_weights: bool) -> dict[str, Any]:
    """Link the files of a local model into a folder; nothing is copied.

    The links are relative where the path is, so that they survive when both folders move together.

    Args:
        source: the folder of the model.
        folder: receives the links.
        with_weights: whether to link the weights too.

    Returns:
        The same as :func:`gradual_learning.models.hub.download.fetch_model`; a folder has no commit.

    Raises:
        UserError: the local folder is missing, holds no whole model, or holds pointers of Git LFS.
    """
    given, source, folder = Path(source), Path(source).absolute(), Path(folder)
    target = source if given.is_absolute() else Path(os.path.relpath(source, folder.resolve()))
    if not source.is_dir():
        raise UserError(
            f"model.path: {source} is not a folder with a model in Hugging Face layout, nor a file whose name ends in "
            f"{GGUF}."
        )
    names = sorted(path.name for path in source.iterdir() if path.is_file())
    model = f"model.path: {source}"
    linked = config_files(names, model)
    for name in linked:
        require_content(source / name)
    shards = weight_files(names, source, model)
    for name in shards:
        require_content(source / name)
    linked += shards if with_weights else []
    for name in linked:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target / name)
    return {
        "commit": None,
        "files": {name: (source / name).stat().st_size for name in linked},
        "sha256": {name: file_digest(source / name) for name in linked},
        "weights": {name: (source / name).stat().st_size for name in shards},
    }


def describe_files(folder: str | Path) -> dict[str, dict[str, Any]]:
    """Return the size in bytes and the sha256 of each file in a folder, by name."""
    files = sorted(Path(folder).iterdir())
    return {file.name: {"bytes": file.stat().st_size, "sha256": file_digest(file)} for file in files}


def count_parameters(folder: str | Path, shards: Iterable[str]) -> int:
    """Count the parameters of a model; only the header of each file is read.

    Raises:
        UserError: a file is truncated or not a safetensors file, or lacks a tensor that the index assigns to it.
    """
    from safetensors import SafetensorError, safe_open

    count = 0
    file_of: dict[str, str] = {}
    for name in shards:
        path = Path(folder) / name
        try:
            with safe_open(path, "np") as file:
                for tensor in file.keys():  # noqa: SIM118 - not a mapping
                    file_of[tensor] = name
                    count += math.prod(file.get_slice(tensor).get_shape())
        except (SafetensorError, OSError) as error:
            raise UserError(f"{path}: not a complete safetensors file ({error}). Get the file again.") from error
    listed = _weight_map(folder) if (Path(folder) / INDEX).exists() and WEIGHTS not in shards else {}
    if misplaced := [tensor for tensor, name in listed.items() if file_of.get(tensor) != name]:
        index, tensor = Path(folder) / INDEX, misplaced[0]
        raise UserError(f"{index}: {tensor} is not in {listed[tensor]}. Get the complete model.")
    return count
