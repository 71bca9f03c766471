"""Tabulate loss and accuracy of every stage, epoch by epoch, with the best epoch marked."""

from gradual_learning.evaluation.checkpoints import Files, by_checkpoint
from gradual_learning.evaluation.learning_curves import learning_curves
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(logs: Files, summaries: Files, output: str) -> None:
    """Write the table; ``logs`` and ``summaries``: files by checkpoint."""
    write_tsv(learning_curves(logs, summaries), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            logs=by_checkpoint(params["checkpoints"], snakemake.input.logs),
            summaries=by_checkpoint(params["checkpoints"], snakemake.input.summaries),
            output=snakemake.output.table,
        )
