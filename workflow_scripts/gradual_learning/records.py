"""The tables that rules hand to each other: their columns, their categories, and how they reach the disk whole.

Every file is written beside its final name and renamed, so that a reader sees all of it or nothing. Reading checks the
columns, so that a file made by something else is refused by name instead of failing somewhere downstream.
"""

import difflib
import hashlib
import json
import os
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


class UserError(Exception):
    """A fault that the user can mend: the message says what is wrong, where, and what to do."""


class Category(StrEnum):
    """How well a model masters a question (SliCK, Gekhman et al. 2024, section 3), best first."""

    HIGHLY_KNOWN = "HighlyKnown"
    MAYBE_KNOWN = "MaybeKnown"
    WEAKLY_KNOWN = "WeaklyKnown"
    UNKNOWN = "Unknown"


CATEGORIES = [category.value for category in Category]
SPLITS = ("train", "dev", "test")

_TEXTS = pa.list_(pa.string())

FACTS = pa.schema(
    {
        "id": pa.string(),  # id of the question that asks for the fact
        "subject": pa.string(),
        "relation": pa.string(),
        "answer": pa.string(),
        "split": pa.string(),  # train, dev, test, or taught (asked and answered during pretraining)
        "exposures": pa.int32(),  # statements of this fact in the pretraining documents
        "opening": pa.bool_(),  # part of the opening of the pretraining curriculum
    }
)
DOCUMENTS = pa.schema({"text": pa.string()})  # in reading order
QUESTIONS = pa.schema(
    {
        "id": pa.string(),
        "question": pa.string(),
        "answers": _TEXTS,
        "relation": pa.string(),
        "subject": pa.string(),  # null where the source names none
        "split": pa.string(),  # train, dev or test
        "source": pa.string(),
    }
)
PROMPTS = pa.schema(
    {
        "draw": pa.int8(),  # 0: the labelling draw, 1: the retest draw
        "relation": pa.string(),
        "prompt": pa.int16(),  # 0 .. exemplar_sets - 1
        "exemplars": _TEXTS,  # ids of the solved questions, all of split dev
        "text": pa.string(),  # the exemplars as text, ready to be followed by the question
    }
)
ANSWERS = pa.schema(
    {
        "id": pa.string(),
        "prompt": pa.int16(),
        "greedy": pa.string(),
        "samples": _TEXTS,  # as many as were drawn; null: drawn only until it could not become right
    }
)
LIKELIHOODS = pa.schema(
    {
        "id": pa.string(),
        "prompt": pa.int16(),
        "greedy": pa.string(),
        "chance": pa.float64(),  # that one sample is an accepted answer as it is spelled
    }
)
KNOWLEDGE = pa.schema(
    {
        "id": pa.string(),
        "relation": pa.string(),
        "greedy_correct": pa.int32(),
        "greedy_drawn": pa.int32(),
        "sampled_correct": pa.int32(),
        "sampled_drawn": pa.int32(),
        "p0": pa.float64(),  # share of greedy answers that are correct
        "ps": pa.float64(),  # share of drawn samples that are correct (or its expectation), null where none was drawn
        "category": pa.string(),
    }
)
ZERO_SHOT = pa.schema({"id": pa.string(), "relation": pa.string(), "answer": pa.string()})
EVALUATION = pa.schema({"id": pa.string(), "relation": pa.string(), "answer": pa.string(), "correct": pa.bool_()})


def question_id(question: str, relation: str) -> str:
    """Return 16 hexadecimal digits that depend on the question (NFC, white space squeezed) and its relation alone."""
    text = " ".join(unicodedata.normalize("NFC", question).split())
    return hashlib.sha256(f"{relation}\n{text}".encode()).hexdigest()[:16]


def nearest(name: str, known: Iterable[str]) -> str:
    """Say in an error which of the known names was perhaps meant: the nearest ones, else all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a name beside ``path`` to write to; rename it to ``path`` when the block ends well, else remove it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{uuid.uuid4().hex}")  # process numbers repeat on other nodes
    try:
        yield partial
        _flush(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())


def write_text(text: str, path: str | Path) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def file_digest(path: str | Path) -> str:
    """Return the sha256 of a file's contents, read piece by piece."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_json_lines(rows: Iterable[dict], path: str | Path) -> None:
    """Write one object a line, whole or not at all."""
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8") as handle:
        handle.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_json_lines(path: str | Path, whole: bool = False) -> list[dict]:
    """Read one object a line (or, with ``whole``, one object in all).

    Raises:
        UserError: a line is not JSON; the message names file and line.
    """
    text = Path(path).read_text(encoding="utf-8")
    rows = []
    lines = [text] if whole else text.removesuffix("\n").split("\n") if text else []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: not JSON ({error.msg}). Remove the file and run again.") from error
    return rows


def write_table(
    frame: pd.DataFrame, schema: pa.Schema, path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write the columns of ``schema`` as a parquet file, whole or not at all.

    Raises:
        pa.ArrowInvalid: a value does not fit its column.
    """
    write_parts([frame], schema, path, metadata)


def write_parts(
    frames: Iterable[pd.DataFrame], schema: pa.Schema, path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write one table of which only one part is held in memory at a time; see :func:`write_table`."""
    described = schema.with_metadata(dict(metadata or {}) or None)
    with whole_file(path) as partial, pq.ParquetWriter(partial, described) as writer:
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False))


def read_table(path: str | Path, schema: pa.Schema) -> pd.DataFrame:
    """Read a parquet file written by :func:`write_table`.

    Raises:
        UserError: the file is no whole parquet file, or lacks a column of ``schema``.
    """
    try:
        missing = sorted(set(schema.names) - set(pq.read_schema(path).names))
        table = None if missing else pq.read_table(path, columns=schema.names)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: not a whole table of this workflow ({error}). Remove it and run again.") from error
    if table is None:
        raise UserError(f"{path}: column {', '.join(missing)} is missing. Remove the file and run again.")
    return table.cast(schema).to_pandas()


def read_metadata(path: str | Path) -> dict[str, str]:
    """Read what :func:`write_table` was given to note in a file beside its columns."""
    noted = pq.read_metadata(path).metadata or {}
    return {key.decode(): value.decode() for key, value in noted.items() if not key.startswith(b"ARROW:")}


def write_tsv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table for people: tab separated, numbers with six significant digits, whole or not at all."""
    with whole_file(path) as partial:
        frame.to_csv(partial, sep="\t", index=False, float_format="%.6g", lineterminator="\n")


def read_tsv(path: str | Path) -> pd.DataFrame:
    """Read a table written by :func:`write_tsv`; only an empty cell is a missing value."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def gather(paths: list[str], read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Concatenate tables in the given order."""
    return pd.concat([read(path) for path in paths], ignore_index=True)
