"""Draw the exemplar sets of every relation, twice: for labelling and for the retest."""

from gradual_learning import prompts, records, runtime

DRAWS = 2


def main(questions: str, output: str, sets: int, shots: int, seed: int) -> None:
    """Read the questions table, write the prompts table."""
    table = records.read_table(questions, records.QUESTIONS)
    prompts.check_enough(table, shots)
    drawn = prompts.draw_exemplars(table[table["split"] == "dev"], sets, shots, DRAWS, seed)
    prompts.validation_questions(table, drawn)
    records.write_table(drawn, records.PROMPTS, output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            questions=snakemake.input.questions,
            output=snakemake.output.prompts,
            sets=snakemake.params.sets,
            shots=snakemake.params.shots,
            seed=snakemake.params.seed,
        )
