"""Judge the zero-shot answers of a checkpoint."""

from gradual_learning.jobs import script
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.files import gather, read_table, write_table
from gradual_learning.tables.schemas import EVALUATION, QUESTIONS, ZERO_SHOT


def main(
    answers: list[str],
    questions_file: str,
    evaluations: dict[tuple[str, str], str],
    answer_match: str,
    f1_threshold: float,
) -> None:
    """Judge all shards of the answers; ``evaluations``: epoch and split -> file."""
    matcher = AnswerMatcher(answer_match, f1_threshold)
    gathered = gather(answers, ZERO_SHOT).drop(columns="relation")
    questions = read_table(questions_file, QUESTIONS)
    for (epoch, split), path in evaluations.items():
        of_epoch = gathered[gathered["epoch"] == epoch]
        table = questions[questions["split"] == split].merge(of_epoch, "left", on="id", validate="one_to_one")
        if table["answer"].isna().any():
            raise UserError(
                f"{answers[0]} and the other shards lack answers of the {epoch} epoch; remove them and rerun"
            )
        table["correct"] = [
            matcher.matches(answer, accepted)
            for answer, accepted in zip(table["answer"], table["answers"], strict=True)
        ]
        write_table(table, EVALUATION, path)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            answers=list(snakemake.input.answers),
            questions_file=snakemake.input.questions,
            evaluations={
                ("last" if name.startswith("last_") else "best", name.removeprefix("last_")): path
                for name, path in snakemake.output.items()
            },
            **snakemake.params.settings,
        )
