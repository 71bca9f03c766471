"""Loss and accuracy of every stage, epoch by epoch, with the best epoch marked."""

from gradual_learning import records, runtime
from gradual_learning.measures import runs, tables


def main(logs: list[str], summaries: list[str], output: str, checkpoints: list[str]) -> None:
    """Write the table; ``logs`` and ``summaries`` lie parallel to ``checkpoints``."""
    pairs = runs.by_checkpoint(checkpoints, logs), runs.by_checkpoint(checkpoints, summaries)
    records.write_tsv(tables.learning_curves(*pairs), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            logs=list(snakemake.input.logs),
            summaries=list(snakemake.input.summaries),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
        )
