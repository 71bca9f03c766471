"""Tabulate the shares of the four categories under the base model and every relabeled checkpoint."""

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.category_shares import category_shares
from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.table_values import NO_SEED
from gradual_learning.experiment import BASE
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(labels: dict[str, Labels], base_test: str, output: str, bootstrap: Bootstrap) -> None:
    """Write the table; ``labels``: the categories by split."""
    chains = {(BASE, "test"): {NO_SEED: read_knowledge(base_test)}}
    for split, own in labels.items():
        chains |= own.by_chain(split)
    write_tsv(category_shares(chains, bootstrap), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            labels=Labels.of_splits(snakemake.input, params),
            base_test=snakemake.input.base_test,
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(params),
        )
