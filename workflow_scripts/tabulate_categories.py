"""Shares of the four categories under the base model and every labelled checkpoint."""

from gradual_learning import records, runtime
from gradual_learning.measures import runs, tables
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    splits: dict[str, tuple[str, list[str]]],
    base_test: str,
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``splits``: categories at base and the later ones, which lie parallel to ``checkpoints``."""
    chains = {(runs.BASE, "test"): {runs.NO_SEED: runs.read_knowledge(base_test)}}
    for split, (base, later) in splits.items():
        chains |= Labels(base, later, checkpoints, strategies, seeds).by_chain(split)
    records.write_tsv(tables.categories(chains, bootstrap), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            splits={
                "train": (snakemake.input.base_train, list(snakemake.input.train)),
                "probe": (snakemake.input.base_probe, list(snakemake.input.probe)),
            },
            base_test=snakemake.input.base_test,
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap(snakemake.params.bootstrap, snakemake.params.confidence, snakemake.params.seed),
        )
