"""Clean the records of a data set, complete their splits, apply the limits, and count what is dropped."""

import gc

from gradual_learning.data import cleaning
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_table, write_tsv
from gradual_learning.tables.schemas import QUESTIONS


def main(
    records_file: str,
    questions_file: str,
    dropped_file: str,
    *,
    multiple_answers: str,
    max_answer_words: int | None,
    relations: list[str],
    shares: dict[str, float],
    limits: dict[str, int | None],
    seed: int,
) -> None:
    """Read records (JSON lines); write the table of questions and the table of dropped records."""
    questions, dropped = cleaning.prepare(
        cleaning.read_records(records_file),
        multiple_answers=multiple_answers,
        max_answer_words=max_answer_words,
        relations=relations,
        shares=shares,
        limits=limits,
        seed=seed,
    )
    write_table(questions, QUESTIONS, questions_file)
    write_tsv(dropped, dropped_file)


if __name__ == "__main__":
    gc.disable()  # millions of rows without cycles: searching them takes a sixth of the time
    with script.job(snakemake.log[0]):
        main(
            records_file=snakemake.input.records,
            questions_file=snakemake.output.questions,
            dropped_file=snakemake.output.dropped,
            **snakemake.params.settings,
        )
