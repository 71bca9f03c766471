"""Judge the answers of all shards and label the questions with the four categories."""

from gradual_learning.data import subsets
from gradual_learning.jobs import script
from gradual_learning.knowledge import slick
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.files import gather, read_table, write_table
from gradual_learning.tables.schemas import ANSWERS, KNOWLEDGE, LIKELIHOODS, QUESTIONS


def main(
    answers: list[str],
    questions_file: str,
    knowledge: str,
    split: str,
    heldout_questions: int,
    seed: int,
    estimator: str,
    samples_per_prompt: int,
    answer_match: str,
    f1_threshold: float,
) -> None:
    """Write the table of categories from all shards of the answers (or likelihoods, by the estimator)."""
    matcher = AnswerMatcher(answer_match, f1_threshold)
    gathered = gather(answers, ANSWERS if estimator == "sampling" else LIKELIHOODS)
    questions = subsets.choose_questions(read_table(questions_file, QUESTIONS), split, heldout_questions, seed)
    of_split = gathered[gathered["id"].isin(questions["id"])]  # shards may hold several splits
    if estimator == "sampling":
        known = slick.categorize(of_split, questions, matcher)
    else:
        known = slick.categorize_by_likelihood(of_split, questions, matcher, samples_per_prompt)
    write_table(known, KNOWLEDGE, knowledge)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            answers=list(snakemake.input.answers),
            questions_file=snakemake.input.questions,
            knowledge=snakemake.output.knowledge,
            **snakemake.params.settings,
        )
