"""Whether upgraded questions share entities with trained ones more than chance, after each stage."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import runs, sharing
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    questions: str,
    splits: dict[str, tuple[str, list[str]]],
    data: list[str],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table.

    ``splits``: categories at base and the later ones; these and ``data``, what was trained on, lie parallel to
    ``checkpoints``.
    """
    asked = records.read_table(questions, records.QUESTIONS)
    files = runs.by_checkpoint(checkpoints, data)
    parts = []
    for split, (base, paths) in splits.items():
        labels = Labels(base, paths, checkpoints, strategies, seeds)
        for chain, tables in labels.tables.items():
            if chain:
                trained = [runs.trained_on(files, chain, seed) for seed in seeds]
                part = sharing.sharing(asked, labels.base, list(tables.values()), trained, bootstrap)
                part.insert(0, "checkpoint", runs.chain_name(chain))
                part.insert(1, "split", split)
                parts.append(part)
    records.write_tsv(pd.concat(parts, ignore_index=True), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            questions=snakemake.input.questions,
            splits={
                "train": (snakemake.input.base_train, list(snakemake.input.train)),
                "probe": (snakemake.input.base_probe, list(snakemake.input.probe)),
            },
            data=list(snakemake.input.data),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap(snakemake.params.bootstrap, snakemake.params.confidence, snakemake.params.seed),
        )
