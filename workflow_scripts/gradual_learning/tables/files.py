"""Tables and records on disk: written completely or not at all, and checked against their schema when read."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gradual_learning.jobs.atomic_files import atomic_file
from gradual_learning.jobs.errors import UserError

_TEXTS = ("id", "source_id", "relation", "question", "accepted", "zero_shot_before", "zero_shot_after")  # in TSV files


def write_json_lines(rows: Iterable[Mapping[str, Any]], path: str | Path) -> None:
    """Write one JSON object per line, all or none."""
    with atomic_file(path) as partial, open(partial, "w", encoding="utf-8") as handle:
        handle.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_json_lines(path: str | Path, whole: bool = False) -> list[dict[str, Any]]:
    """Read one JSON object per line, or, with ``whole``, one object in all.

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
            raise UserError(f"{path}:{number}: not JSON ({error.msg}). Remove the file and rerun.") from error
    return rows


def write_table(
    frame: pd.DataFrame, schema: pa.Schema, path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write the columns of a schema to a Parquet file, completely or not at all.

    Raises:
        pa.ArrowInvalid: a value does not fit its column.
    """
    write_parts([frame], schema, path, metadata)


def write_parts(
    frames: Iterable[pd.DataFrame], schema: pa.Schema, path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a table part by part, so that only one part is in memory; see :func:`write_table`."""
    described = schema.with_metadata(dict(metadata or {}) or None)
    with atomic_file(path) as partial, pq.ParquetWriter(partial, described) as writer:
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False))


def read_table(path: str | Path, schema: pa.Schema) -> pd.DataFrame:
    """Read the columns of a schema from a file of :func:`write_table`.

    Raises:
        UserError: the file is not a complete Parquet file, or lacks a column.
    """
    try:
        missing = sorted(set(schema.names) - set(pq.read_schema(path).names))
        table = None if missing else pq.read_table(path, columns=schema.names)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: not a complete table of this workflow ({error}). Remove it and rerun.") from error
    if table is None:
        raise UserError(f"{path}: column {', '.join(missing)} is missing. Remove the file and rerun.")
    return table.cast(schema).to_pandas()


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata that was given to :func:`write_table`."""
    metadata = pq.read_metadata(path).metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items() if not key.startswith(b"ARROW:")}


def gather(paths: list[str], schema: pa.Schema) -> pd.DataFrame:
    """Read the shards of a table and concatenate them in the given order.

    Raises:
        UserError: a shard is damaged, or its metadata differ from those of the first one.
    """
    table = pd.concat([read_table(path, schema) for path in paths], ignore_index=True)
    expected = read_metadata(paths[0])
    for path in paths[1:]:
        found = read_metadata(path)
        differing = [name for name in expected | found if expected.get(name) != found.get(name)]
        if differing:
            raise UserError(
                f"{path}: made of other {', '.join(differing)} than {paths[0]}. Remove the outdated file and rerun."
            )
    return table


def write_tsv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a tab-separated table for people, with six significant digits, completely or not at all."""
    with atomic_file(path) as partial:
        frame.to_csv(partial, sep="\t", index=False, float_format="%.6g", lineterminator="\n")


def read_tsv(path: str | Path) -> pd.DataFrame:
    """Read a table of :func:`write_tsv`; only empty cells are missing values, and texts of users stay texts."""
    # an answer of a model may contain a carriage return, which pandas would take for the end of a line
    options = {"sep": "\t", "lineterminator": "\n", "keep_default_na": False, "na_values": [""]}
    return pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str), **options)
