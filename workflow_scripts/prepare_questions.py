"""Clean the records of a data set, give each question its id and apply the limits; count what was dropped and why."""

from gradual_learning import questions, records, runtime


def main(
    records_file: str,
    questions_file: str,
    dropped_file: str,
    multiple_answers: str,
    relations: list[str],
    limits: dict[str, int | None],
    seed: int,
) -> None:
    """Read records (JSON lines); write the questions table and the table of dropped records."""
    found = questions.read_jsonl(records_file)
    kept, dropped = questions.prepare(
        found, multiple_answers=multiple_answers, relations=relations, limits=limits, seed=seed
    )
    records.write_table(kept, records.QUESTIONS, questions_file)
    records.write_tsv(dropped, dropped_file)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            records_file=snakemake.input.records,
            questions_file=snakemake.output.questions,
            dropped_file=snakemake.output.dropped,
            multiple_answers=snakemake.params.multiple_answers,
            relations=snakemake.params.relations,
            limits=snakemake.params.limits,
            seed=snakemake.params.seed,
        )
