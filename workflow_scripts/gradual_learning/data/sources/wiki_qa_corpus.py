"""The original WikiQA corpus, as the zip ``WikiQACorpus.zip`` or an unpacked folder.

It has ``WikiQA-{train,dev,test}.tsv`` with a row per question and sentence, and perhaps ``WikiQASent.pos.ans.tsv`` with
the phrases that answer a question. Quotes are ordinary characters in all of them. Other files are not read.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gradual_learning.data.sources import archives, tabular
from gradual_learning.data.sources.hub_files import Part
from gradual_learning.data.sources.texts import shown
from gradual_learning.jobs.errors import UserError

LAYOUT = "WikiQA-{train,dev,test}.tsv"
PHRASES = "WikiQASent.pos.ans.tsv"

_SPLITS = ("test", "train", "dev")  # in the order of the hub's files, so that the records are in the same order
_SPLIT_FILE = re.compile(rf"WikiQA-({'|'.join(_SPLITS)})\.tsv")
_COLUMNS = {"question_id": "QuestionID", "question": "Question", "answer": "Sentence", "label": "Label"}  # by hub name


@dataclass(frozen=True)
class SplitFile(Part):
    """A file of a split, with the names of its columns on the hub."""

    content: bytes

    def rows(self, *columns: str) -> Iterator[tuple[str, int, tabular.Row]]:
        """Yield the place (for errors), the line and the values of every row.

        Raises:
            UserError: a column is missing, a row has too few or too many cells, a label is neither 0 nor 1, or there is
                no row.
        """
        number = 0
        for number, row in tabular.unquoted_rows(io.BytesIO(self.content), str(self.path)):
            place = f"{self.path}:{number}"
            for name in _COLUMNS.values():
                if name not in row:
                    raise UserError(f"{self.path}:1: {tabular.missing_column(name, row)}")
            if row["Label"] not in ("0", "1"):
                raise UserError(f"{place}: Label must be 0 or 1, got {shown(row['Label'])}.")
            yield place, number, {column: row[_COLUMNS[column]] for column in columns}
        if not number:
            raise UserError(f"{self.path}: contains no rows; get the file again.")


@dataclass(frozen=True)
class Corpus:
    """The files of the three splits, and the place (for errors) and content of the file of phrases, if there is one."""

    parts: list[Part]
    phrases: tuple[str, bytes] | None


def load(path: Path) -> Corpus | None:
    """Read the files of the corpus into memory (7 MB), or return None for other files and folders.

    Args:
        path: a zip or a folder that contains the files at any depth.

    Raises:
        UserError: an archive is damaged or another one, the file of a split is missing, or there are two of one name.
    """
    if _SPLIT_FILE.fullmatch(path.name) and path.is_file():
        raise UserError(f"{path}: one split alone; set data.path to the folder that contains {LAYOUT}.")
    is_zip = path.is_file() and (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path))
    if not is_zip and not path.is_dir():
        return None
    with archives.opened(path, ("**/WikiQA*.tsv",)) as (names, read):
        found = _find(names, path)
        if not found.keys() - {PHRASES}:
            if not is_zip:
                return None
            raise UserError(f"{path}: contains no {LAYOUT}; check that it is the WikiQA corpus.")
        parts: list[Part] = []
        for split in _SPLITS:
            name = found.get(f"WikiQA-{split}.tsv")
            if name is None:
                raise UserError(f"{path}: there is no WikiQA-{split}.tsv; the corpus consists of {LAYOUT}.")
            parts.append(SplitFile(_place(path, name), name, split, read(name)))
        phrases = found.get(PHRASES)
        return Corpus(parts, (str(_place(path, phrases)), read(phrases)) if phrases else None)


def _find(names: list[str], path: Path) -> dict[str, str]:
    """Return the name within the archive or folder of each file of the corpus, by its last part."""
    found: dict[str, str] = {}
    for name in sorted(set(names)):
        *folders, last = name.split("/")
        if any(part.startswith(".") or part in ("", "__MACOSX") for part in folders):
            continue
        if last == PHRASES or _SPLIT_FILE.fullmatch(last):
            if last in found:
                raise UserError(f"{path}: contains two files {last}, {found[last]} and {name}; remove one.")
            found[last] = name
    return found


def _place(path: Path, name: str) -> Path:
    return path / name if path.is_dir() else Path(f"{path}:{name}")
