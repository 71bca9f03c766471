"""What every stage trained on: counts by role and category, with the set formula."""

from gradual_learning import records, runtime
from gradual_learning.measures import runs, tables


def main(data: list[str], formulas: list[str], output: str, checkpoints: list[str]) -> None:
    """Write the table; ``data`` and ``formulas`` lie parallel to ``checkpoints``."""
    pairs = runs.by_checkpoint(checkpoints, data), runs.by_checkpoint(checkpoints, formulas)
    records.write_tsv(tables.training_data(*pairs), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            data=list(snakemake.input.data),
            formulas=list(snakemake.input.formulas),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
        )
