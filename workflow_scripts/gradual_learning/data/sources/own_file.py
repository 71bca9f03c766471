"""The user's own questions in one JSONL, JSON, CSV, TSV or Parquet file.

Columns are question and answers (or answer: a text, or a list of texts), and optionally relation, subject, split and
id. Other columns are allowed and not read.
"""

import logging
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from gradual_learning.data.sources import tabular
from gradual_learning.data.sources.record import SPLIT_NAMES, Record
from gradual_learning.data.sources.texts import as_text, json_list, texts
from gradual_learning.jobs.errors import UserError, nearest

OPTIONAL = ("relation", "subject", "split", "id")
USED = ("question", "answers", "answer", *OPTIONAL)

_log = logging.getLogger(__name__)


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per row.

    Args:
        path: the file. In CSV and TSV files, a cell of answers that is a JSON list is a list, any other is one text.

    Raises:
        UserError: see :func:`tabular.rows`; or question or answers are missing, a value is not a text, or a split is
            not train, dev (or validation, valid, val) or test. The message names file, line and column.
    """
    columns = None
    answers = ""
    for number, row in tabular.rows(path, optional=USED):
        if row.keys() != columns:
            columns = row.keys()
            answers = _answers_column(list(columns), f"{path}:{number}")
        yield _record(row, answers, str(path), number)


def _answers_column(columns: list[str], place: str) -> str:
    """Check the names of the columns, and return that of the answers."""
    if "question" not in columns:
        raise UserError(f"{place}: {tabular.missing_column('question', columns)}")
    names = [name for name in ("answers", "answer") if name in columns]
    if not names:
        raise UserError(f"{place}: {tabular.missing_column('answers', columns)}")
    if len(names) > 1:
        raise UserError(f"{place}: there are both answers and answer; remove one of them.")
    for name in set(columns) - set(USED):
        for meant in get_close_matches(name, set(OPTIONAL) - set(columns), n=1, cutoff=0.7):
            _log.warning("%s: column %r is ignored; if it is the %s, rename it", place, name, meant)
    return names[0]


def _record(row: tabular.Row, answers: str, path: str, number: int) -> Record:
    place = f"{path}:{number}"
    return Record(
        question=as_text(row["question"], f"{place}: question") or "",
        answers=_answers(row[answers], f"{place}: {answers}"),
        relation=_optional(row, "relation", place) or "file",
        subject=_optional(row, "subject", place),
        split=_split(_optional(row, "split", place), place),
        source="file",
        file=path,
        row=number,
        source_id=_optional(row, "id", place),
    )


def _answers(value: object, place: str) -> list[str]:
    if isinstance(value, str) and value.strip()[:1] + value.strip()[-1:] == "[]":
        return json_list(value, place)
    return texts(value, place)


def _optional(row: tabular.Row, column: str, place: str) -> str | None:
    text = as_text(row.get(column), f"{place}: {column}")
    return text.strip() or None if text else None


def _split(name: str | None, place: str) -> str | None:
    if name is None:
        return None
    if name.lower() not in SPLIT_NAMES:
        raise UserError(f"{place}: split {name!r} is unknown; {nearest(name.lower(), SPLIT_NAMES)}")
    return SPLIT_NAMES[name.lower()]
