"""What every strategy cost: answers that were generated, questions that were trained on, steps of training."""

import pandas as pd

from gradual_learning import prompts, records, runtime
from gradual_learning.measures import cost


def main(
    questions: str,
    exemplars: str,
    files: list[str],
    output: str,
    parts: list[list[str]],
    strategies: dict[str, list[str]],
    seeds: list[int],
) -> None:
    """Write the table; ``parts`` (checkpoint, activity) lies parallel to ``files``, what each of them left."""
    table = records.read_table(questions, records.QUESTIONS)
    validation = len(prompts.validation_questions(table, records.read_table(exemplars, records.PROMPTS)))
    counts = [cost.counted(activity, file, validation) for (_, activity), file in zip(parts, files, strict=True)]
    rows = pd.DataFrame(parts, columns=cost.PART).join(pd.DataFrame(counts))
    records.write_tsv(cost.by_strategy(rows, strategies, seeds, cost.COUNTS), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            questions=snakemake.input.questions,
            exemplars=snakemake.input.prompts,
            files=list(snakemake.input.files),
            output=snakemake.output.table,
            parts=list(snakemake.params.parts),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
        )
