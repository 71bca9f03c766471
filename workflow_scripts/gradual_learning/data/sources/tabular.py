"""Rows of JSON, CSV, TSV and Parquet files exactly as they are written: no guessed numbers, dates or missing values.

A row is a dict whose values are texts, lists of texts, nested structures of a JSON or Parquet file, or None. A number
becomes the text in the file (in a binary file, its decimal notation), so "1.0", "NA" and "None" stay what they are.
"""

import csv
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from gradual_learning.data.sources.texts import decoded, json_value, shown
from gradual_learning.jobs.errors import UserError, nearest

Row = dict[str, Any]
Rows = Iterator[tuple[int, Row]]  # with the line or number of each row, from 1

_BROKEN_ROW = {  # by whether quotes enclose cells
    True: "Quote cells that contain a quote, a separator or a line break, and double the quotes in them: "
    '"said ""no"", then left".',
    False: "Lines must end with a line feed, which a carriage return may precede.",
}
_BATCH = 10_000  # rows of a Parquet file in memory at once


def rows(path: str | Path, columns: Iterable[str] = ()) -> Rows:
    """Yield the rows of a file; the format follows from the suffix.

    Args:
        path: a .jsonl, .ndjson, .json (lines, or one list), .csv, .tsv or .parquet file.
        columns: names that every row must have. From a Parquet file, only these columns are read, if there are any.

    Yields:
        The line on which a row starts (in a JSON list or a Parquet file, the number of the row), from 1, and the row.

    Raises:
        UserError: the file is missing, broken, empty, not UTF-8 or of another format, or lacks a column; the message
            names file, line and column.
    """
    path, columns = Path(path), list(columns)
    if path.suffix.lower() not in _READERS:
        raise UserError(f"{path}: unknown format; known suffixes: {', '.join(_READERS)}.")
    try:
        for number, row in _READERS[path.suffix.lower()](path, columns):
            for column in columns:
                if column not in row:
                    raise UserError(f"{path}:{number}: {missing_column(column, row)}")
            yield number, row
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error


def unquoted_rows(lines: Iterable[bytes], place: str) -> Rows:
    """Yield the rows of a tab-separated file in which quotes are ordinary characters; see :func:`rows`.

    Args:
        lines: of the file, the first of which names the columns.
        place: the file, for errors.
    """
    return _delimited(lines, place, "\t", quoted=False)


def missing_column(column: str, row: Iterable[str]) -> str:
    """Return the part of an error that names a missing column and suggests the intended one."""
    return f"there is no {column!r}; {nearest(column, row)}"


def _json_rows(path: Path, columns: list[str]) -> Rows:
    """Read one object per line, or a list of objects if the file starts with a bracket."""
    with open(path, "rb") as handle:
        is_list = handle.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
        handle.seek(0)
        if is_list:
            for number, item in enumerate(json_value(handle.read(), str(path), numbers_as_text=True), start=1):
                yield number, _object(item, f"{path}: row {number}")
            return
        for number, line in enumerate(handle, start=1):
            if line.strip():
                item = json_value(line.rstrip(), str(path), number, numbers_as_text=True)
                yield number, _object(item, f"{path}:{number}")


def _object(item: object, place: str) -> Row:
    if not isinstance(item, dict):
        raise UserError(f'{place}: expected a record such as {{"question": ...}}, got {shown(item)}.')
    return item


def _delimited_rows(path: Path, columns: list[str], delimiter: str) -> Rows:
    with open(path, "rb") as handle:
        yield from _delimited(handle, str(path), delimiter)


def _delimited(content: Iterable[bytes], place: str, delimiter: str, quoted: bool = True) -> Rows:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    header: list[str] = []
    line = 1
    lines = (decoded(text, place, number) for number, text in enumerate(content, start=1))
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, skipinitialspace=delimiter == ",", strict=True)
    try:
        for cells in reader:
            if cells and [cell.strip() for cell in cells] == header:
                raise UserError(f"{place}:{line}: the names of the columns again. Were two files joined? Remove it.")
            if cells and header:
                yield line, _cells(header, cells, f"{place}:{line}", quoted)
            elif cells:
                header = _header(cells, f"{place}:{line}")
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{place}:{line}: broken row ({error}). {_BROKEN_ROW[quoted]}") from error
    if not header:
        raise UserError(f"{place}: is empty; its first line must name the columns.")


def _header(cells: list[str], place: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{place}: there are {names.count(name)} columns {name!r}; rename one.")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t,"):
        raise UserError(
            f"{place}: only one column, {names[0]!r}. Separate the columns of a .csv file by commas, "
            "those of a .tsv file by tabs."
        )
    return names


def _cells(header: list[str], cells: list[str], place: str, quoted: bool) -> Row:
    if len(cells) != len(header):
        remedy = "Quote cells that contain a separator." if quoted else "Fix the line, or get the file again."
        raise UserError(
            f"{place}: {len(cells)} cells, but the first line names {len(header)} columns ({', '.join(header)}). "
            f"{remedy}"
        )
    return dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path, columns: list[str]) -> Rows:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        for column in columns:
            if column not in names:
                raise UserError(f"{path}: {missing_column(column, names)}")
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns or None):
            values = {name: _as_texts(batch.column(name), f"{path}: column {name}") for name in batch.schema.names}
            for cells in zip(*values.values(), strict=True):
                number += 1
                yield number, dict(zip(values, cells, strict=True))


def _as_texts(column: pa.Array, place: str) -> list[Any]:
    """Convert numbers, dates and the like, and lists of them, to texts; nested structures are left unchanged."""
    kind = column.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not pa.types.is_nested(kind.value_type if is_list else kind):
        try:
            column = column.cast(pa.list_(pa.string()) if is_list else pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise UserError(f"{place} does not contain text ({kind}: {error}).") from error
    values: list[Any] = column.to_pylist()
    return values


_READERS: dict[str, Callable[[Path, list[str]], Rows]] = {
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".json": _json_rows,
    ".csv": functools.partial(_delimited_rows, delimiter=","),
    ".tsv": functools.partial(_delimited_rows, delimiter="\t"),
    ".parquet": _parquet_rows,
}
