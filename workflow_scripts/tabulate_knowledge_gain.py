"""HighlyKnown questions at base, after one stage and after all stages, on train questions and on held-out ones."""

import pandas as pd

from gradual_learning import metrics, records, runs, runtime
from gradual_learning.labelled import Labels
from gradual_learning.statistics import Bootstrap


def main(
    splits: dict[str, tuple[str, list[str]]],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``splits``: categories at base and the later ones, which lie parallel to ``checkpoints``."""
    parts = []
    for split, (base, later) in splits.items():
        labels = Labels(base, later, checkpoints, strategies, seeds)
        known = runs.membership(labels.base)[:, 0]
        part = metrics.knowledge_gain(known, labels.highly_known(), bootstrap)
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
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap(snakemake.params.bootstrap, snakemake.params.confidence, snakemake.params.seed),
        )
