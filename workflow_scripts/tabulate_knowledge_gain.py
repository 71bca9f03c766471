"""HighlyKnown questions at base, after one stage and after all stages, on train questions and on held-out ones."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import metrics, runs
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    labelled: dict[str, Labels],
    retest: list[str],
    output: str,
    bootstrap: Bootstrap,
) -> None:
    """Write the table.

    ``labelled``: the categories by split; ``retest``: the base model's second labelling of the train questions (one
    file), or nothing.
    """
    parts = []
    for split, labels in labelled.items():
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
            labelled=Labels.of_splits(snakemake.input, snakemake.params),
            retest=list(snakemake.input.retest),
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
