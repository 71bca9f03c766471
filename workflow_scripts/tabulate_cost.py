"""Tabulate the cost of every strategy: generated answers, training questions and training steps."""

import pandas as pd

from gradual_learning.data import prompts
from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.cost import COUNTS, KEYS, cost_by_strategy, count_cost
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS


def main(questions: str, exemplars: str, files: list[str], output: str, parts: list[list[str]], design: Design) -> None:
    """Write the table; ``parts``: the (checkpoint, activity) of each of the ``files`` that the jobs wrote."""
    table = read_table(questions, QUESTIONS)
    validation = len(prompts.validation_questions(table, read_table(exemplars, PROMPTS)))
    counts = [count_cost(activity, file, validation) for (_, activity), file in zip(parts, files, strict=True)]
    rows = pd.DataFrame(parts, columns=KEYS).join(pd.DataFrame(counts))
    write_tsv(cost_by_strategy(rows, design, COUNTS), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            questions=snakemake.input.questions,
            exemplars=snakemake.input.prompts,
            files=snakemake.input.files,
            output=snakemake.output.table,
            parts=params["parts"],
            design=Design.from_params(params),
        )
