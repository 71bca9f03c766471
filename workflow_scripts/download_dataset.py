"""Download a data set or read a local copy, check every row, and write one record per line and their origin."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from gradual_learning.data.sources import registry
from gradual_learning.data.sources.record import Record
from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.fingerprint import checksum
from gradual_learning.tables.files import write_json_lines

Counts = Counter[tuple[str, str | None]]  # questions by relation and split


def main(
    archive: str | None,
    answer_phrases: str | None,
    records_file: str,
    source_file: str,
    source: str,
    url: str,
    revision: str,
) -> None:
    """Write the records (JSON lines) and their origin (JSON): URL or path, sha256, questions per relation and split.

    Downloads are kept in the folder ``download`` next to the records, which is not an output of the rule, so that a job
    that fails later does not download them again.
    """
    if archive:
        path, origin = Path(archive), {"path": archive}
    else:
        path, origin = registry.fetch(source, url, revision, Path(records_file).parent / "download")
    counts: Counts = Counter()
    write_json_lines(_counted(registry.read(source, path, answer_phrases), counts, path), records_file)
    details = {"source": source, **origin, "sha256": checksum(path), "questions": _by_relation(counts)}
    if answer_phrases:
        details["answer_phrases"] = {"path": answer_phrases, "sha256": checksum(answer_phrases)}
    write_text(json.dumps(details, indent=2, ensure_ascii=False) + "\n", source_file)
    logging.info("%d questions read from %s", counts.total(), path)


def _counted(records: Iterable[Record], counts: Counts, path: Path) -> Iterator[Record]:
    for record in records:
        counts[record["relation"], record["split"]] += 1
        yield record
    if not counts:
        raise UserError(f"{path}: contains no questions.")


def _by_relation(counts: Counts) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (relation, split), count in counts.items():
        table.setdefault(relation, {})[split or "none"] = count
    return table


def optional_path(path: Path | None) -> str | None:
    """Return a path as the text that is recorded, or None."""
    return None if path is None else str(path)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            archive=optional_path(snakemake.params.archive),
            answer_phrases=optional_path(snakemake.params.answer_phrases),
            records_file=snakemake.output.records,
            source_file=snakemake.output.source,
            **snakemake.params.settings,
        )
