"""What answers were made of: noted in their files, so that shards of different origin are never put together."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from gradual_learning import records

WHOLE = 64 << 20  # bytes up to which a file is read whole
PIECE = 1 << 20  # bytes of a piece of a larger one
PIECES = 64


def describe(files: Mapping[str, str | list[str]], settings: Any) -> dict[str, str]:
    """Describe what a table is made of, for the metadata of its file.

    Args:
        files: files and folders by what they are.
        settings: all else that the table depends on, as JSON.

    Returns:
        A hash of each of the files, and the settings.
    """
    hashes = {name: content_hash(*([paths] if isinstance(paths, str) else paths)) for name, paths in files.items()}
    return {**hashes, "settings": json.dumps(settings, sort_keys=True)}


def content_hash(*paths: str | Path) -> str:
    """Return a hash of files, and of all files in folders with their names.

    A file of more than 64 MB, as only weights are, is told by its size and by 64 evenly spread pieces of 1 MB, the
    first of which holds the head of a safetensors file: training changes every piece of the weights, and a model of
    15 GB is known in a moment. What it cannot tell is a file damaged between the pieces; :mod:`hub` checks for that.
    """
    digest = hashlib.sha256()
    for path in map(Path, paths):
        for file in sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(path)}\n{_told_apart(file)}\n".encode())
    return digest.hexdigest()


def _told_apart(file: Path) -> str:
    size = file.stat().st_size
    if size <= WHOLE:
        return records.file_digest(file)
    digest = hashlib.sha256(str(size).encode())
    with open(file, "rb") as handle:
        for piece in range(PIECES):
            handle.seek(piece * (size - PIECE) // (PIECES - 1))
            digest.update(handle.read(PIECE))
    return digest.hexdigest()


def gather(paths: list[str], schema: pa.Schema) -> pd.DataFrame:
    """Read the shards of a table and put them together.

    Raises:
        UserError: a shard is damaged, or was made of something else than the first; the message names the file.
    """
    table = records.gather(paths, lambda path: records.read_table(path, schema))
    first, *others = [(path, records.read_metadata(path)) for path in paths]
    for path, made_of in others:
        differing = [name for name in first[1] | made_of if first[1].get(name) != made_of.get(name)]
        if differing:
            raise records.UserError(
                f"{path}: made of other {', '.join(differing)} than {first[0]}. Remove the one that is out of "
                "date and run again."
            )
    return table
