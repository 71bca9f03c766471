"""HighlyKnown questions at base, after one stage and after all stages, on train questions and on held-out ones."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import metrics, runs
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    splits: dict[str, tuple[str, list[str]]],
    retest: list[str],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table.

    ``splits``: categories at base and the later ones, which lie parallel to ``checkpoints``; ``retest``: the base
    model's second labelling of the train questions (one file), or nothing.
    """
    parts = []
    for split, (base, later) in splits.items():
        labels = Labels(base, later, checkpoints, strategies, seeds)
        known = runs.membership(labels.base)[:, 0]
        again = [runs.read_matching(path, labels.base["id"]) for path in retest if split == "train"]
        floor = [runs.membership(table)[:, 0] for table in again]
        part = metrics.knowledge_gain(known, labels.highly_known(), bootstrap, *floor)
        part.insert(0, "split", split)
        parts.append(part)
    records.write_tsv(pd.concat(parts, ignore_index=True), output)


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
            bootstrap=Bootstrap(snakemake.params.bootstrap, snakemake.params.confidence, snakemake.params.seed),
        )
