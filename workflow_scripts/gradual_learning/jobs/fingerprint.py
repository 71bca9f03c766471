"""Fingerprints of the inputs of a result: stored with it, so that parts from different inputs are never combined."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MAX_FULL_BYTES = 64 << 20  # largest file that is hashed in full
BLOCK_BYTES = 1 << 20  # size of a block that is hashed of a larger file
BLOCKS = 64  # number of these blocks


def describe(files: Mapping[str, str], code: Sequence[str], settings: Any) -> dict[str, str]:
    """Describe the inputs of a result.

    Args:
        files: paths of files and folders by role.
        code: the code that makes it, from :func:`code_of`.
        settings: all other inputs, as JSON.

    Returns:
        A hash per role and one of the code, and the settings as text.
    """
    hashes = {name: content_hash(path) for name, path in files.items()}
    return {
        **hashes,
        "code": hashlib.sha256("\n".join(code).encode()).hexdigest(),
        "settings": json.dumps(settings, sort_keys=True),
    }


def code_of(params: Mapping[str, Any]) -> list[str]:
    """Return the files of code among the params of a rule, each with its name and a hash of its content."""
    return [value for name, value in params.items() if name.startswith("code_")]


def content_hash(*paths: str | Path) -> str:
    """Return a hash of the content of files and folders; of the files in a folder, the names count too.

    A file of more than 64 MB, which only weights reach, is represented by its size and 64 evenly spaced blocks of 1 MB;
    the first contains the header of a safetensors file. Training changes all weights, so the blocks distinguish models,
    and 15 GB take a second. Damage between blocks is not detected: checksums of downloads are
    (:mod:`gradual_learning.models.hub`).
    """
    digest = hashlib.sha256()
    for path in map(Path, paths):
        for file in sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(path)}\n{_hash_file(file)}\n".encode())
    return digest.hexdigest()


def _hash_file(file: Path) -> str:
    size = file.stat().st_size
    if size <= MAX_FULL_BYTES:
        return file_digest(file)
    digest = hashlib.sha256(str(size).encode())
    with open(file, "rb") as handle:
        for block in range(BLOCKS):
            handle.seek(block * (size - BLOCK_BYTES) // (BLOCKS - 1))
            digest.update(handle.read(BLOCK_BYTES))
    return digest.hexdigest()


def checksum(path: str | Path) -> str:
    """Return the sha256 of a file, or of the names and checksums of all files in a folder but hidden ones."""
    path = Path(path)
    if path.is_file():
        return file_digest(path)
    names = sorted(item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file())
    visible = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    listing = "".join(f"{file_digest(path / name)}  {name}\n" for name in visible)
    return hashlib.sha256(listing.encode()).hexdigest()


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of the content of a file, read in blocks."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
