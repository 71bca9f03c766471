"""Forgetting: of the questions HighlyKnown at base, the share no longer answered, and the fall of their P0."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import metrics, runs
from gradual_learning.measures.statistics import Bootstrap

FILES = ["known", "base", "best", "convergence", "labelled_base", "labels"]


def split_table(
    files: dict, retest: list[str], checkpoints: list[str], labelled: list[str], bootstrap: Bootstrap, **experiment
) -> pd.DataFrame:
    """Tabulate one split.

    ``files``: ``known`` and ``base`` (one file each), ``best`` and ``convergence`` (parallel to ``checkpoints``),
    ``labelled_base`` (categories at base of the questions labelled later) and ``labels`` (parallel to ``labelled``).
    """
    known = runs.read_knowledge(files["known"])
    epochs = {epoch: runs.by_checkpoint(checkpoints, files[epoch]) for epoch in ("best", "convergence")}
    answers = runs.answers(files["base"], epochs, ids=known["id"], **experiment)
    table = metrics.forgetting(runs.membership(known)[:, 0], answers, bootstrap)
    start = runs.read_knowledge(files["labelled_base"])
    later = {runs.BASE: [runs.read_matching(path, start["id"]) for path in retest]} if retest else {}
    later |= runs.labels(runs.by_checkpoint(labelled, files["labels"]), ids=start["id"], **experiment)
    falls = metrics.p0_fall(start, later, bootstrap)
    falls["epoch"] = falls["strategy"].map(lambda name: runs.NO_EPOCH if name == runs.BASE else "best")
    return table.merge(falls, on=["strategy", "epoch"], how="left")


def main(splits: dict[str, dict], retest: list[str], output: str, **settings) -> None:
    """Write the table; ``retest`` is the base model's second labelling of the train questions, or empty."""
    parts = {
        split: split_table(files, retest if split == "train" else [], **settings) for split, files in splits.items()
    }
    table = pd.concat(parts, names=["split"]).reset_index("split")
    records.write_tsv(table[["strategy", "epoch", "split", *table.columns[3:]]], output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            splits={split: {name: snakemake.input[f"{split}_{name}"] for name in FILES} for split in ("test", "train")},
            retest=list(snakemake.input.retest),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            labelled=list(snakemake.params.labelled),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
