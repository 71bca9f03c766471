"""Worked examples of every strategy of two stages or more: questions upgraded and forgotten, with their answers."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import examples, runs
from gradual_learning.measures.runs import BASE


def main(
    questions: str,
    known: dict[str, list[str]],
    asked: dict[str, list[str]],
    data: list[str],
    output: str,
    labelled: list[str],
    finals: list[str],
    strategies: dict[str, list[str]],
    seed: int,
) -> None:
    """Write the table of one seed.

    ``known``: categories by split, those at base first, then parallel to ``labelled`` as is ``data``, what was trained
    on; ``asked``: answers without examples by split, those of the base model first, then parallel to ``finals``.
    """
    table = records.read_table(questions, records.QUESTIONS)
    training = runs.by_checkpoint(labelled, data)
    parts = []
    for split in known:
        categories = runs.by_checkpoint([BASE, *labelled], known[split])
        answers = runs.by_checkpoint([BASE, *finals], asked[split])
        for name, stages in strategies.items():
            end = runs.checkpoint_name(stages, seed)
            if len(stages) > 1 and end in training:
                before, after = (
                    (
                        runs.read_knowledge(categories[checkpoint]),
                        records.read_table(answers[checkpoint], records.EVALUATION),
                    )
                    for checkpoint in (BASE, end)
                )
                part = examples.examples(table, before, after, runs.trained_on(training, stages, seed))
                parts.append(part.assign(strategy=name, seed=seed, split=split))
    columns = ["strategy", "seed", "split", *examples.COLUMNS]
    records.write_tsv(pd.concat(parts, ignore_index=True)[columns], output)


if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params
    with runtime.job(snakemake.log[0]):
        main(
            questions=inputs.questions,
            known={
                "train": [inputs.known_train_base, *inputs.known_train],
                "probe": [inputs.known_probe_base, *inputs.known_probe],
            },
            asked={"train": [inputs.train_base, *inputs.train], "probe": [inputs.test_base, *inputs.test]},
            data=list(inputs.data),
            output=snakemake.output.table,
            labelled=list(params.labelled),
            finals=list(params.finals),
            strategies=dict(params.strategies),
            seed=params.seeds[0],
        )
