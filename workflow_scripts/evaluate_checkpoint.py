"""Judge the zero-shot answers of a checkpoint."""

from gradual_learning.jobs import script
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import EVALUATION, QUESTIONS, ZERO_SHOT


def main(pairs: list[tuple[str, str]], questions_file: str, answer_match: str, f1_threshold: float) -> None:
    """Judge the answers; ``pairs``: files of answers and of evaluations."""
    matcher = AnswerMatcher(answer_match, f1_threshold)
    questions = read_table(questions_file, QUESTIONS)
    accepted = dict(zip(questions["id"], questions["answers"], strict=True))
    for answers, evaluation in pairs:
        table = read_table(answers, ZERO_SHOT)
        table["correct"] = [
            matcher.matches(answer, accepted[question])
            for question, answer in zip(table["id"], table["answer"], strict=True)
        ]
        write_table(table, EVALUATION, evaluation)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            pairs=list(zip(snakemake.input.answers, snakemake.output, strict=True)),
            questions_file=snakemake.input.questions,
            **snakemake.params.settings,
        )
