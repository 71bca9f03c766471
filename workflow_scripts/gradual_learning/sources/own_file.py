"""The user's own questions in one JSONL, JSON, CSV, TSV or Parquet file.

Columns are question and answers (or answer: a text, or a list of texts), and if wanted id, relation, subject and split.
"""

import logging
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from gradual_learning.records import UserError, nearest
from gradual_learning.sources import tabular
from gradual_learning.sources.record import SPLIT_NAMES, Record
from gradual_learning.sources.texts import as_text, json_list, texts

OPTIONAL = ("id", "relation", "subject", "split")

_log = logging.getLogger(__name__)


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per row.

    Args:
        path: the file. In CSV and TSV an answers cell that is a JSON list is a list, any other is one text.

    Raises:
        UserError: see :func:`tabular.rows`; or question or answers are missing, a value is no text, a split has another
            name than train, dev (or validation, valid, val) or test. The message names file, line and column.
    """
    columns = None
    for number, row in tabular.rows(path):
        place = f"{path}:{number}"
        if row.keys() != columns:
            columns = row.keys()
            key = _answers_column(list(columns), place)
        yield _record(row, key, str(path), number)


def _answers_column(columns: list[str], place: str) -> str:
    """Check the names of the columns and return that of the answers."""
    if "question" not in columns:
        raise UserError(f"{place}: {tabular.lacking('question', columns)}")
    keys = [name for name in ("answers", "answer") if name in columns]
    if not keys:
        raise UserError(f"{place}: {tabular.lacking('answers', columns)}")
    if len(keys) > 1:
        raise UserError(f"{place}: there are both answers and answer; keep the one that holds what is accepted.")
    for name in set(columns) - {"question", *keys, *OPTIONAL}:
        for meant in get_close_matches(name, set(OPTIONAL) - set(columns), n=1, cutoff=0.7):
            _log.warning("%s: %r is not used; if you meant %s, rename it", place, name, meant)
    return keys[0]


def _record(row: dict, key: str, path: str, number: int) -> Record:
    place = f"{path}:{number}"
    record = Record(
        question=as_text(row["question"], f"{place}: question") or "",
        answers=_answers(row[key], f"{place}: {key}"),
        relation=_optional(row, "relation", place) or "file",
        subject=_optional(row, "subject", place),
        split=_split(_optional(row, "split", place), place),
        source="file",
        file=path,
        row=number,
    )
    if user_id := _optional(row, "id", place):
        record["user_id"] = user_id
    return record


def _answers(value: object, place: str) -> list[str]:
    if isinstance(value, str) and value.strip()[:1] + value.strip()[-1:] == "[]":
        return json_list(value, place)
    return texts(value, place)


def _optional(row: dict, column: str, place: str) -> str | None:
    text = as_text(row.get(column), f"{place}: {column}")
    return text.strip() or None if text else None


def _split(name: str | None, place: str) -> str | None:
    if name is None:
        return None
    if name.lower() not in SPLIT_NAMES:
        raise UserError(f"{place}: split {name!r} is unknown; {nearest(name.lower(), SPLIT_NAMES)}")
    return SPLIT_NAMES[name.lower()]
