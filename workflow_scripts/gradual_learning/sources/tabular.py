"""Rows of JSON, CSV, TSV and Parquet files as they are written: no value is guessed to be a number, a date or missing.

A row is a dict whose values are texts, lists of texts, deeper structures of a JSON or Parquet file, or None. A number
becomes the text that stands in the file (its decimal text, where the file is binary), so "1.0", "NA" and "None" stay.
"""

import csv
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gradual_learning.records import UserError, nearest
from gradual_learning.sources.texts import AS_WRITTEN, decoded, json_value, shown

Rows = Iterator[tuple[int, dict]]

_BATCH = 10_000  # rows of a Parquet file in memory at once


def rows(path: str | Path, columns: Iterable[str] = ()) -> Rows:
    """Yield the number and the values of each row of a file, whose ending tells its format.

    Args:
        path: a file that ends in .jsonl, .ndjson, .json (lines, or one list), .csv, .tsv or .parquet.
        columns: names that every row must have; of a Parquet file nothing else is read, where any are given.

    Yields:
        The line on which the row begins (for a list in JSON or a Parquet file, the number of the row), from 1, and the
        row.

    Raises:
        UserError: the file is missing, broken, empty, no UTF-8 or of another format, or lacks a column; the message
            names file, line and column.
    """
    path, columns = Path(path), list(columns)
    if path.suffix.lower() not in _READERS:
        raise UserError(f"{path}: of no known format; known endings: {', '.join(_READERS)}.")
    try:
        for number, row in _READERS[path.suffix.lower()](path, columns):
            for column in columns:
                if column not in row:
                    raise UserError(f"{path}:{number}: {lacking(column, row)}")
            yield number, row
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error


def lacking(column: str, row: Iterable[str]) -> str:
    """Say in an error that a column is missing, and which may have been meant."""
    return f"there is no {column!r}; {nearest(column, row)}"


def _json_rows(path: Path, columns: list[str]) -> Rows:
    """Read one object a line, or a list of objects: what begins with a bracket is a list."""
    with open(path, "rb") as handle:
        if handle.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            handle.seek(0)
            items = enumerate(json_value(handle.read(), str(path), **AS_WRITTEN), start=1)
            yield from ((number, _object(item, f"{path}: row {number}")) for number, item in items)
            return
        handle.seek(0)
        for number, line in enumerate(handle, start=1):
            if line.strip():
                row = json_value(line.rstrip(), str(path), number, **AS_WRITTEN)
                yield number, _object(row, f"{path}:{number}")


def _object(row: object, place: str) -> dict:
    if not isinstance(row, dict):
        raise UserError(f'{place}: expected a record such as {{"question": ...}}, got {shown(row)}.')
    return row


def _delimited_rows(path: Path, columns: list[str], delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> Rows:
    with open(path, "rb") as handle:
        lines = (decoded(line, str(path), number) for number, line in enumerate(handle, start=1))
        reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, skipinitialspace=delimiter == ",", strict=True)
        header, start = None, 1
        try:
            for cells in reader:
                if header is None and cells:
                    header = _header(cells, path, start)
                elif cells:
                    yield start, _cells(header, cells, f"{path}:{start}")
                start = reader.line_num + 1
        except csv.Error as error:
            raise UserError(
                f"{path}:{start}: broken row ({error}). Put a cell that holds a quote, a separator or a line break "
                'between quotes, and double the quotes in it: "said ""no"", then left".'
            ) from error
    if header is None:
        raise UserError(f"{path}: is empty; its first line must name the columns.")


def unquoted_rows(path: str | Path) -> Rows:
    """Yield line number and cells of a tab-separated file in which a quote is a character like any other."""
    return _delimited_rows(Path(path), [], "\t", csv.QUOTE_NONE)


def _header(cells: list[str], path: Path, line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}:{line}: the column {name!r} is there {names.count(name)} times; rename one.")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t,"):
        raise UserError(
            f"{path}:{line}: only one column, {names[0]!r}. Separate the columns of a .csv file by commas, "
            "those of a .tsv file by tabs."
        )
    return names


def _cells(header: list[str], cells: list[str], place: str) -> dict:
    if len(cells) != len(header):
        raise UserError(
            f"{place}: {len(cells)} cells, where the first line names {len(header)} columns ({', '.join(header)}). "
            "Put a cell that holds a separator between quotes."
        )
    return dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path, columns: list[str]) -> Rows:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        for column in columns:
            if column not in names:
                raise UserError(f"{path}: {lacking(column, names)}")
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns or None):
            values = {name: _plain(batch.column(name), f"{path}: column {name}") for name in batch.schema.names}
            for cells in zip(*values.values(), strict=True):
                number += 1
                yield number, dict(zip(values, cells, strict=True))


def _plain(column: pa.Array, place: str) -> list:
    """Write numbers, dates and the like as texts, and lists of them as lists of texts; structures stay."""
    kind = column.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if pa.types.is_nested(kind.value_type if is_list else kind):
        return column.to_pylist()
    try:
        return column.cast(pa.list_(pa.string()) if is_list else pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UserError(f"{place} holds no text ({kind}: {error}).") from error


_READERS: dict[str, Callable[[Path, list[str]], Rows]] = {
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".json": _json_rows,
    ".csv": functools.partial(_delimited_rows, delimiter=","),
    ".tsv": functools.partial(_delimited_rows, delimiter="\t"),
    ".parquet": _parquet_rows,
}
