"""Download a data set or take a local copy, check all of it, and flatten it to one record a line; note its origin."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from gradual_learning import records, runtime, sources


def main(
    archive: str | None,
    phrases: str | None,
    records_file: str,
    source_file: str,
    source: str,
    address: str,
    revision: str,
) -> None:
    """Write the records (JSON lines) and their origin: where from, sha256, questions per relation and split.

    A download is kept beside the records in ``download``, which is no output of the rule: a job that fails after it
    does not fetch anything twice.
    """
    if archive:
        path, origin = Path(archive), {"path": archive}
    else:
        path, origin = sources.fetch(source, address, revision, Path(records_file).parent / "download")
    counts: Counter[tuple[str, str | None]] = Counter()
    records.write_json_lines(_counted(sources.read(source, path, phrases), counts, path), records_file)
    table: dict[str, dict[str, int]] = {}
    for (relation, split), count in counts.items():
        table.setdefault(relation, {})[split or "none"] = count
    origin = {"source": source, **origin, "sha256": sources.checksum(path), "questions": table}
    if phrases:
        origin["phrases"] = {"path": phrases, "sha256": sources.checksum(phrases)}
    records.write_text(json.dumps(origin, indent=2, ensure_ascii=False) + "\n", source_file)
    logging.info("%d questions read from %s", counts.total(), path)


def _counted(found: Iterable[sources.Record], counts: Counter, path: Path) -> Iterator[sources.Record]:
    for record in found:
        counts[record["relation"], record["split"]] += 1
        yield record
    if not counts:
        raise records.UserError(f"{path}: there is no question in it.")


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            archive=snakemake.input.archive or None,
            phrases=snakemake.input.phrases or None,
            records_file=snakemake.output.records,
            source_file=snakemake.output.source,
            source=snakemake.params.source,
            address=snakemake.params.address,
            revision=snakemake.params.revision,
        )
