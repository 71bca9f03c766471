"""Shares of the four categories under the base model and every labelled checkpoint."""

from gradual_learning import records, runtime
from gradual_learning.measures import runs, tables
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    labelled: dict[str, Labels],
    base_test: str,
    output: str,
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``labelled``: the categories by split."""
    chains = {(runs.BASE, "test"): {runs.NO_SEED: runs.read_knowledge(base_test)}}
    for split, labels in labelled.items():
        chains |= labels.by_chain(split)
    records.write_tsv(tables.categories(chains, bootstrap), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            labelled=Labels.of_splits(snakemake.input, snakemake.params),
            base_test=snakemake.input.base_test,
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
