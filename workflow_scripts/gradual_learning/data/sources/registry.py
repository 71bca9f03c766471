"""The data sets by name: reading a local copy, and downloading."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gradual_learning.data.sources import entity_questions, nq_open, own_file, popqa, trivia_qa, web_questions, wiki_qa
from gradual_learning.data.sources.record import Record
from gradual_learning.jobs.errors import UserError, nearest

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A data set: the function that reads a local copy, and, on the hub, the repository and patterns of its files."""

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


def get_source(name: str) -> Source:
    """Return the data set with a name.

    Raises:
        UserError: the name is unknown.
    """
    if name not in SOURCES:
        raise UserError(f"data.source: {name!r} is unknown; {nearest(name, SOURCES)}")
    return SOURCES[name]


def read(source: str, path: str | Path, answer_phrases: str | Path | None = None) -> Iterator[Record]:
    """Yield the records of a local copy of a data set.

    Args:
        source: name of the data set.
        path: file or folder.
        answer_phrases: the file of answer phrases of WikiQA.

    Raises:
        UserError: the source is unknown, or its files are missing, broken or of an unexpected layout.
    """
    if answer_phrases is None:
        return get_source(source).read(path)
    if source != "wiki_qa":
        raise UserError(f"data.answer_phrases belongs to data.source wiki_qa, not to {source}.")
    return wiki_qa.read(path, answer_phrases)


def fetch(source: str, url: str, revision: str, folder: str | Path) -> tuple[Path, dict[str, str]]:
    """Download a data set; an interrupted download is kept in the folder and completed by the next call.

    Args:
        source: name of the data set.
        url: of the archive, if the data set is not on the hub.
        revision: branch, tag or commit, if it is.
        folder: contains the downloads, with a folder for each revision or URL.

    Returns:
        The path that :func:`read` reads, and the origin: URL, or repository, revision and commit.

    Raises:
        UserError: the source is unknown or the user's own file, or the download fails.
    """
    from gradual_learning.models.hub import download  # late, as a local copy needs no client of the hub

    chosen = get_source(source)
    if source == "file":
        raise UserError("data.path must name your file, as data.source is file.")
    version = revision if chosen.repository else url
    target = Path(folder) / f"{source}-{hashlib.sha256(version.encode()).hexdigest()[:8]}"
    _log.info("downloading %s to %s", chosen.repository or url, target)
    if chosen.repository:
        fetched = download.fetch_dataset(chosen.repository, revision, list(chosen.patterns), target)
        return target, {"repository": chosen.repository, "revision": revision, "commit": fetched["commit"]}
    path = target / (Path(urlsplit(url).path).name or "archive")
    download.fetch_file(url, path)
    return path, {"url": url}
