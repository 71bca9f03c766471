"""Clean the records of a data set, give each question its id and its split, apply the limits; count what is dropped."""

import gc

from gradual_learning import questions, records, runtime


def main(
    records_file: str,
    questions_file: str,
    dropped_file: str,
    multiple_answers: str,
    max_answer_words: int | None,
    relations: list[str],
    shares: dict[str, float],
    limits: dict[str, int | None],
    seed: int,
) -> None:
    """Read records (JSON lines); write the questions table and the table of dropped records."""
    kept, dropped = questions.prepare(
        questions.read_records(records_file),
        multiple_answers=multiple_answers,
        max_answer_words=max_answer_words,
        relations=relations,
        shares=shares,
        limits=limits,
        seed=seed,
    )
    records.write_table(kept, records.QUESTIONS, questions_file)
    records.write_tsv(dropped, dropped_file)


if __name__ == "__main__":
    gc.disable()  # a search for cycles among millions of rows, which have none, takes a sixth of the time
    with runtime.job(snakemake.log[0]):
        main(
            records_file=snakemake.input.records,
            questions_file=snakemake.output.questions,
            dropped_file=snakemake.output.dropped,
            multiple_answers=snakemake.params.multiple_answers,
            max_answer_words=snakemake.params.max_answer_words,
            relations=snakemake.params.relations,
            shares=snakemake.params.shares,
            limits=snakemake.params.limits,
            seed=snakemake.params.seed,
        )
