"""Data sets: each source reads one published layout and yields records, checked and in the source's own words.

A record is a dict with the keys question, answers (list of texts), relation, subject (text or None), split (train, dev
or test), source, and file and row to say where it came from. What is dropped is decided later, in ``questions``.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from gradual_learning.records import UserError, file_digest, nearest
from gradual_learning.sources import entity_questions

READERS = {"entity_questions": entity_questions.read}


def read(source: str, path: str | Path, relations: list[str]) -> Iterator[dict]:
    """Yield the records of a data set; ``relations`` chooses among its relations, an empty list takes all.

    Raises:
        UserError: the source is unknown, or its file is missing, broken or not of the expected layout.
    """
    if source not in READERS:
        raise UserError(f"data/source: {source!r} is unknown; {nearest(source, READERS)}")
    return READERS[source](path, relations)


def checksum(path: str | Path) -> str:
    """Return the sha256 of a file, or of the sorted names and checksums of a folder's files, hidden ones left out."""
    path = Path(path)
    if path.is_file():
        return file_digest(path)
    names = sorted(item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file())
    visible = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    listing = "".join(f"{file_digest(path / name)}  {name}\n" for name in visible)
    return hashlib.sha256(listing.encode()).hexdigest()
