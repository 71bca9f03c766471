"""Draw the exemplar sets of every relation twice: for labels and for relabeling."""

from gradual_learning.data import prompts
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS

DRAWS = 2


def main(questions_file: str, prompts_file: str, exemplar_sets: int, num_fewshot: int, seed: int) -> None:
    """Read the table of questions, write the table of prompts."""
    questions = read_table(questions_file, QUESTIONS)
    prompts.require_enough_dev(questions, num_fewshot)
    dev = questions[questions["split"] == "dev"]
    drawn = prompts.draw_exemplars(dev, exemplar_sets, num_fewshot, DRAWS, seed)
    prompts.validation_questions(questions, drawn)  # fails here rather than after all sampling, if there are none
    write_table(drawn, PROMPTS, prompts_file)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(snakemake.input.questions, snakemake.output.prompts, **snakemake.params.settings)
