"""Tabulate accuracy on the test questions, in full and by category at base, with the few-shot accuracy of the base."""

from collections.abc import Mapping

import pandas as pd

from gradual_learning.evaluation.accuracy import accuracy, few_shot_accuracy
from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    Files,
    by_checkpoint,
    category_indicators,
    read_answers,
    read_knowledge,
)
from gradual_learning.evaluation.table_values import EPOCHS
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(known: str, base: str, epochs: Mapping[str, Files], output: str, design: Design, bootstrap: Bootstrap) -> None:
    """Write the table; ``epochs``: the evaluations by epoch and checkpoint."""
    questions = read_knowledge(known)
    answers = read_answers(base, epochs, design, questions["id"])
    categories = category_indicators(questions)
    few_shot = few_shot_accuracy(questions, categories, bootstrap)
    write_tsv(pd.concat([few_shot, accuracy(categories, answers, bootstrap)]), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            epochs={epoch: by_checkpoint(params["checkpoints"], snakemake.input[epoch]) for epoch in EPOCHS},
            output=snakemake.output.table,
            design=Design.from_params(params),
            bootstrap=Bootstrap.from_params(params),
        )
