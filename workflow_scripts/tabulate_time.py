"""Tabulate seconds and memory of every strategy, for the jobs that run a model, as measured by Snakemake."""

import pandas as pd

from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.cost import KEYS, MEASURES, cost_by_strategy, read_benchmark
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(files: list[str], output: str, parts: list[list[str]], design: Design) -> None:
    """Write the table; ``parts``: the (checkpoint, activity) of each of the ``files``, the benchmarks of the jobs."""
    rows = pd.DataFrame(parts, columns=KEYS).join(pd.DataFrame(map(read_benchmark, files)))
    write_tsv(cost_by_strategy(rows, design, MEASURES), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            files=snakemake.input.files,
            output=snakemake.output.table,
            parts=params["parts"],
            design=Design.from_params(params),
        )
