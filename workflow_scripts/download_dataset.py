"""Read a published data set, check all of it, and flatten it to one record a line; note where it came from."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from gradual_learning import records, runtime, sources


def main(archive: str, records_file: str, source_file: str, source: str, relations: list[str]) -> None:
    """Write the records (JSON lines) and their origin: path, sha256, questions per relation and split."""
    counts: Counter[tuple[str, str]] = Counter()
    records.write_json_lines(_counted(sources.read(source, archive, relations), counts), records_file)
    table: dict[str, dict[str, int]] = {}
    for (relation, split), count in counts.items():
        table.setdefault(relation, {})[split] = count
    origin = {"source": source, "path": archive, "sha256": sources.checksum(archive), "questions": table}
    records.write_text(json.dumps(origin, indent=2, ensure_ascii=False) + "\n", source_file)


def _counted(found: Iterable[dict], counts: Counter) -> Iterator[dict]:
    for record in found:
        counts[record["relation"], record["split"]] += 1
        yield record


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            archive=str(snakemake.input.archive),
            records_file=snakemake.output.records,
            source_file=snakemake.output.source,
            source=snakemake.params.source,
            relations=snakemake.params.relations,
        )
