"""Tabulate transitions of questions between categories at each stage, and their excess over label noise."""

from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.transitions import transitions
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(labels: dict[str, Labels], output: str) -> None:
    """Write the table; ``labels``: the categories by split."""
    pairs = {key: pair for split, own in labels.items() for key, pair in own.transitions(split).items()}
    write_tsv(transitions(pairs), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(labels=Labels.of_splits(snakemake.input, params), output=snakemake.output.table)
