"""Data sets: each source reads one published layout and yields records, checked and in the source's own words."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gradual_learning.records import UserError, file_digest, nearest
from gradual_learning.sources import (
    entity_questions,
    nq_open,
    own_file,
    popqa,
    trivia_qa,
    web_questions,
    wiki_qa,
)
from gradual_learning.sources.record import Record

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A data set: how a local copy is read, and which files of which repository on the hub it is made of."""

    read: Callable[..., Iterator[Record]]
    repository: str | None = None
    patterns: tuple[str, ...] = ()


SOURCES = {
    "entity_questions": Source(entity_questions.read),
    "popqa": Source(popqa.read, popqa.REPOSITORY, popqa.PATTERNS),
    "trivia_qa": Source(trivia_qa.read, trivia_qa.REPOSITORY, trivia_qa.PATTERNS),
    "nq_open": Source(nq_open.read, nq_open.REPOSITORY, nq_open.PATTERNS),
    "web_questions": Source(web_questions.read, web_questions.REPOSITORY, web_questions.PATTERNS),
    "wiki_qa": Source(wiki_qa.read, wiki_qa.REPOSITORY, wiki_qa.PATTERNS),
    "file": Source(own_file.read),
}


def named(source: str) -> Source:
    """Return the data set of that name.

    Raises:
        UserError: there is none.
    """
    if source not in SOURCES:
        raise UserError(f"data.source: {source!r} is unknown; {nearest(source, SOURCES)}")
    return SOURCES[source]


def read(source: str, path: str | Path, phrases: str | Path | None = None) -> Iterator[Record]:
    """Yield the records of a local copy of a data set; ``phrases`` is the file of answer phrases of WikiQA.

    Raises:
        UserError: the source is unknown, or its files are missing, broken or not of the expected layout.
    """
    if phrases is None:
        return named(source).read(path)
    if source != "wiki_qa":
        raise UserError(f"data.phrases belongs to data.source wiki_qa, not to {source}.")
    return wiki_qa.read(path, phrases)


def fetch(source: str, address: str, revision: str, folder: str | Path) -> tuple[Path, dict[str, str]]:
    """Download a data set; what a broken download left in the folder is kept and completed by the next call.

    Args:
        source: name of the data set.
        address: of the archive, where the data set is not on the hub.
        revision: branch, tag or commit, where it is.
        folder: where downloads are kept, each revision or address in a folder of its own.

    Returns:
        What :func:`read` reads, and where it came from: address, or repository, revision and commit.

    Raises:
        UserError: the source is unknown or the user's own file, or the download fails.
    """
    from gradual_learning.fetching import hub  # late: with a local copy no client of the hub is needed

    chosen = named(source)
    if source == "file":
        raise UserError("data.path must name your file, as data.source is file.")
    version = revision if chosen.repository else address
    place = Path(folder) / f"{source}-{hashlib.sha256(version.encode()).hexdigest()[:8]}"
    _log.info("downloading %s to %s", chosen.repository or address, place)
    if chosen.repository:
        found = hub.fetch_dataset(chosen.repository, revision, list(chosen.patterns), place)
        return place, {"repository": chosen.repository, "revision": revision, "commit": found["commit"]}
    path = place / (Path(urlsplit(address).path).name or "archive")
    hub.fetch_file(address, path)
    return path, {"address": address}


def checksum(path: str | Path) -> str:
    """Return the sha256 of a file, or of the sorted names and checksums of a folder's files, hidden ones left out."""
    path = Path(path)
    if path.is_file():
        return file_digest(path)
    names = sorted(item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file())
    visible = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    listing = "".join(f"{file_digest(path / name)}  {name}\n" for name in visible)
    return hashlib.sha256(listing.encode()).hexdigest()
