"""Tabulate the training questions of every stage by role and category, with the set formula."""

from gradual_learning.evaluation.checkpoints import Files, by_checkpoint
from gradual_learning.evaluation.training_data import training_data
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(data: Files, formulas: Files, output: str) -> None:
    """Write the table; ``data`` and ``formulas``: files by checkpoint."""
    write_tsv(training_data(data, formulas), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            data=by_checkpoint(params["checkpoints"], snakemake.input.data),
            formulas=by_checkpoint(params["checkpoints"], snakemake.input.formulas),
            output=snakemake.output.table,
        )
