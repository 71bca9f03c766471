"""Judge the answers of all shards and sort the questions into the four categories."""

from gradual_learning import categories, provenance, records, runtime, splits
from gradual_learning.answers import Judge


def main(
    answers: list[str],
    questions: str,
    knowledge: str,
    split: str,
    probe: int,
    seed: int,
    judge: Judge,
    estimator: str,
    samples: int,
) -> None:
    schema = records.ANSWERS if estimator == "sampling" else records.LIKELIHOODS
    gathered = provenance.gather(answers, schema)
    table = splits.choose_questions(records.read_table(questions, records.QUESTIONS), split, probe, seed)
    asked = gathered[gathered["id"].isin(table["id"])]  # several splits may have been asked in one go
    if estimator == "sampling":
        known = categories.categorize(asked, table, judge)
    else:
        known = categories.categorize_by_likelihood(asked, table, judge, samples)
    records.write_table(known, records.KNOWLEDGE, knowledge)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]):
        main(
            answers=list(snakemake.input.answers),
            questions=snakemake.input.questions,
            knowledge=snakemake.output.knowledge,
            split=params.split,
            probe=params.probe_questions,
            seed=params.seed,
            judge=Judge(params.match, params.f1_threshold),
            estimator=params.estimator,
            samples=params.samples,
        )
