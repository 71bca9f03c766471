"""Tabulate HighlyKnown questions at base, after the first and after the last stage, on train and held-out questions."""

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.knowledge_gain import knowledge_gain
from gradual_learning.evaluation.labels import Labels
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(labels: dict[str, Labels], output: str, bootstrap: Bootstrap) -> None:
    """Write the table; ``labels``: the categories by split."""
    parts = []
    for split, own in labels.items():
        second = own.relabeled_base
        relabel = None if second is None else category_indicators(second)[:, 0]
        part = knowledge_gain(category_indicators(own.base)[:, 0], own.highly_known(), bootstrap, relabel)
        part.insert(0, "split", split)
        parts.append(part)
    write_tsv(pd.concat(parts, ignore_index=True), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            labels=Labels.of_splits(snakemake.input, params),
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(params),
        )
