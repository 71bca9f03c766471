"""How questions move between categories at each stage, beside and beyond the base model labelled twice."""

from gradual_learning import records, runtime
from gradual_learning.measures import tables
from gradual_learning.measures.labelled import Labels


def main(
    splits: dict[str, tuple[str, list[str]]],
    retest: list[str],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
) -> None:
    """Write the table.

    ``splits``: categories at base and the later ones, which lie parallel to ``checkpoints``; ``retest``: the base
    model's second labelling of the train questions (one file), or nothing.
    """
    pairs = {}
    for split, (base, later) in splits.items():
        labels = Labels(base, later, checkpoints, strategies, seeds)
        for path in retest if split == "train" else []:
            pairs |= labels.retest(path, split)
        pairs |= labels.steps(split)
    records.write_tsv(tables.transitions(pairs), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            splits={
                "train": (snakemake.input.base_train, list(snakemake.input.train)),
                "probe": (snakemake.input.base_probe, list(snakemake.input.probe)),
            },
            retest=list(snakemake.input.retest),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
        )
