"""Rows of JSON, CSV, TSV and Parquet files exactly as they are written: no guessed numbers, dates or missing values.

A row is a dict whose values are texts, lists of texts, nested structures of a JSON or Parquet file, or None. Texts, and
with them all cells of CSV and TSV files, stay what they are, such as "1.0", "NA" and "None". A number of a JSON or
Parquet file becomes the same text in both, see :func:`texts.number_text`. Only the columns that are used are read.
"""

import csv
import functools
import io
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from gradual_learning.data.sources.texts import UnclearError, decoded, json_value, number_text, shown
from gradual_learning.jobs.errors import UserError, nearest

Row = dict[str, Any]
Rows = Iterator[tuple[int, Row]]  # with the line or number of each row, from 1

_QUOTES = (
    "Quote cells that contain a quote, a separator or a line break, and double the quotes in them: "
    '"said ""no"", then left".'
)
_BATCH = 10_000  # rows of a Parquet file in memory at once
_SEPARATOR = re.compile(
    r'"?sep=([^\w\s"]|\t)"?\1*[\r\n]*', re.IGNORECASE
)  # a first line with which Excel names the separator


def rows(path: str | Path, columns: Iterable[str] = (), optional: Iterable[str] = ()) -> Rows:
    """Yield the rows of a file; the format follows from the suffix.

    Args:
        path: a .jsonl, .ndjson, .json (lines, or one list), .csv, .tsv or .parquet file.
        columns: names that every row must have.
        optional: further names that are used where they exist.

    Yields:
        The line on which a row starts (in a JSON list or a Parquet file, the number of the row), from 1, and the row.
        It has all columns of the file, but those of a Parquet file that are not used are None.

    Raises:
        UserError: the file is missing, broken, empty, not UTF-8 or of another format, or lacks a column; the message
            names file, line and column.
    """
    path, columns = Path(path), list(columns)
    if path.suffix.lower() not in _READERS:
        raise UserError(f"{path}: unknown format; known suffixes: {', '.join(_READERS)}.")
    try:
        for number, row in _READERS[path.suffix.lower()](path, [*columns, *optional]):
            for column in columns:
                if column not in row:
                    raise UserError(f"{path}:{number}: {missing_column(column, row)}")
            yield number, row
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error


def unquoted_rows(content: IO[bytes], place: str) -> Rows:
    """Yield the rows of a tab-separated file in which quotes are ordinary characters; see :func:`rows`.

    Args:
        content: of the file, whose first line names the columns, each once.
        place: the file, for errors.
    """
    return _delimited(content, place, "\t")


def missing_column(column: str, row: Iterable[str]) -> str:
    """Return the part of an error that names a missing column and suggests the intended one."""
    return f"there is no {column!r}; {nearest(column, row)}"


def _lines(content: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file with their ends: line feed, carriage return, or both."""
    text = io.TextIOWrapper(content, encoding="utf-8", errors="surrogateescape", newline="")
    return (line.encode("utf-8", errors="surrogateescape") for line in text)


def _json_rows(path: Path, used: list[str]) -> Rows:
    """Read one object per line, or a list of objects if the file starts with a bracket."""
    with open(path, "rb") as handle:
        is_list = handle.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
        handle.seek(0)
        if is_list:
            for number, item in enumerate(json_value(handle.read(), str(path), numbers_as_text=True), start=1):
                yield number, _object(item, f"{path}: row {number}")
            return
        for number, line in enumerate(_lines(handle), start=1):
            if line.strip():
                item = json_value(line.rstrip(), str(path), number, numbers_as_text=True)
                yield number, _object(item, f"{path}:{number}")


def _object(item: object, place: str) -> Row:
    if not isinstance(item, dict):
        raise UserError(f'{place}: expected a record such as {{"question": ...}}, got {shown(item)}.')
    return item


def _delimited_rows(path: Path, used: list[str], delimiter: str) -> Rows:
    with open(path, "rb") as handle:
        yield from _delimited(handle, str(path), delimiter, used)


def _delimited(content: IO[bytes], place: str, delimiter: str, used: list[str] | None = None) -> Rows:
    """Yield the rows of a file that Excel or another program wrote; without ``used``, quotes are ordinary."""
    lines: Iterator[str] = (decoded(line, place, number) for number, line in enumerate(_lines(content), start=1))
    first = next(lines, "")
    if named := _SEPARATOR.fullmatch(first):
        delimiter, first = named[1], "\n"
    quoted = used is not None
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    csv.field_size_limit(sys.maxsize)
    lines = itertools.chain([first], lines)
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, skipinitialspace=delimiter == ",", strict=True)
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            is_blank = not any(map(str.strip, cells))
            if not is_blank and header:
                yield line, _cells(header, cells, f"{place}:{line}", quoted)
            elif not is_blank:
                header = _header(cells, f"{place}:{line}", used)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{place}:{line}: broken row ({error}). {_QUOTES}") from error
    if not header:
        raise UserError(f"{place}: is empty; its first line must name the columns.")


def _header(cells: list[str], place: str, used: list[str] | None) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names[1:] and not names[-1]:
        names.pop()
    _require_once(names, names if used is None else used, place)
    if len(names) == 1 and any(mark in names[0] for mark in ";\t,"):
        raise UserError(
            f"{place}: only one column, {names[0]!r}. Separate the columns of a .csv file by commas, "
            "those of a .tsv file by tabs."
        )
    return names


def _require_once(names: list[str], used: Iterable[str], place: str) -> None:
    """Check that no used column has its name twice; other columns may."""
    for name in used:
        if names.count(name) > 1:
            raise UserError(f"{place}: there are {names.count(name)} columns {name!r}; rename one.")


def _cells(header: list[str], cells: list[str], place: str, quoted: bool) -> Row:
    """Return a row; empty cells beyond the columns do not count, as programs of spreadsheets add and omit them."""
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        remedy = "Quote cells that contain a separator." if quoted else "Fix the line, or get the file again."
        raise UserError(
            f"{place}: {len(cells)} cells, but the first line names {len(header)} columns ({', '.join(header)}). "
            f"{remedy}"
        )
    if [cell.strip() for cell in cells] == header:
        raise UserError(f"{place}: the names of the columns again. Were two files joined? Remove it.")
    return dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path, used: list[str]) -> Rows:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        _require_once(names, used, str(path))
        present = [name for name in used if name in names]
        if not present:
            raise UserError(f"{path}: {missing_column(used[0], names)}")
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH, columns=present):
            values = {name: _as_texts(batch.column(name), str(path), name, number) for name in present}
            for cells in zip(*values.values(), strict=True):
                number += 1
                yield number, dict.fromkeys(names) | dict(zip(values, cells, strict=True))


def _as_texts(column: pa.Array, path: str, name: str, row: int) -> list[Any]:
    """Convert numbers, dates and the like, and lists of them, to texts; nested structures are left unchanged.

    Args:
        column: some rows of a column.
        path: of the file, for errors.
        name: of the column.
        row: number of the rows of the file before these.
    """
    try:
        return _converted(column)
    except (pa.ArrowException, UnicodeDecodeError, UnclearError) as error:
        if len(column) == 1:
            raise UserError(f"{path}:{row + 1}: {name} is not a text ({column.type}: {error}).") from error
        parts = (_as_texts(column.slice(place, 1), path, name, row + place) for place in range(len(column)))
        return [value for part in parts for value in part]


def _converted(column: pa.Array) -> list[Any]:
    kind = column.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    item = kind.value_type if is_list or pa.types.is_dictionary(kind) else kind
    if not pa.types.is_nested(item):
        column = column.cast(pa.list_(pa.string()) if is_list else pa.string())
    values: list[Any] = column.to_pylist()
    if pa.types.is_floating(item) or pa.types.is_decimal(item):
        return [[_number(each) for each in value] if is_list and value else _number(value) for value in values]
    return values


def _number(text: str | None) -> str | None:
    return None if text is None else number_text(text)


_READERS: dict[str, Callable[[Path, list[str]], Rows]] = {
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".json": _json_rows,
    ".csv": functools.partial(_delimited_rows, delimiter=","),
    ".tsv": functools.partial(_delimited_rows, delimiter="\t"),
    ".parquet": _parquet_rows,
}
