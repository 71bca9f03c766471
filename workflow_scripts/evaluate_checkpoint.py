"""Judge a checkpoint's zero-shot answers."""

from gradual_learning import records, runtime
from gradual_learning.answers import Judge


def main(pairs: list[tuple[str, str]], questions: str, judge: Judge) -> None:
    table = records.read_table(questions, records.QUESTIONS)
    accepted = dict(zip(table["id"], table["answers"], strict=True))
    for answers, evaluation in pairs:
        given = records.read_table(answers, records.ZERO_SHOT)
        given["correct"] = [
            judge.correct(answer, accepted[name]) for name, answer in zip(given["id"], given["answer"], strict=True)
        ]
        records.write_table(given, records.EVALUATION, evaluation)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            pairs=list(zip(snakemake.input.answers, snakemake.output, strict=True)),
            questions=snakemake.input.questions,
            judge=Judge(snakemake.params.match, snakemake.params.f1_threshold),
        )
