"""Seconds and memory that every strategy took, of the jobs that run a model, as Snakemake measured them."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import cost


def main(
    files: list[str], output: str, parts: list[list[str]], strategies: dict[str, list[str]], seeds: list[int]
) -> None:
    """Write the table; ``parts`` (checkpoint, activity) lies parallel to ``files``, the benchmarks of the jobs."""
    rows = pd.DataFrame(parts, columns=cost.PART).join(pd.DataFrame(map(cost.measured, files)))
    records.write_tsv(cost.by_strategy(rows, strategies, seeds, cost.MEASURES), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            files=list(snakemake.input.files),
            output=snakemake.output.table,
            parts=list(snakemake.params.parts),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
        )
