"""Tabulate whether upgraded questions share entities with trained ones more often than by chance, after each stage."""

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import Files, by_checkpoint, read_trained_ids
from gradual_learning.evaluation.entity_sharing import entity_sharing
from gradual_learning.evaluation.labels import Labels
from gradual_learning.experiment import chain_name
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import QUESTIONS


def main(questions: str, labels: dict[str, Labels], data: Files, output: str, bootstrap: Bootstrap) -> None:
    """Write the table; ``labels``: the categories by split, ``data``: the training files by checkpoint."""
    texts = read_table(questions, QUESTIONS)
    parts = []
    for split, own in labels.items():
        for chain, later in own.trained().items():
            trained = [read_trained_ids(data, chain, seed) for seed in own.design.seeds]
            part = entity_sharing(texts, own.base, later, trained, bootstrap)
            part.insert(0, "checkpoint", chain_name(chain))
            part.insert(1, "split", split)
            parts.append(part)
    write_tsv(pd.concat(parts, ignore_index=True), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            questions=snakemake.input.questions,
            labels=Labels.of_splits(snakemake.input, params),
            data=by_checkpoint(params["checkpoints"], snakemake.input.data),
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(params),
        )
