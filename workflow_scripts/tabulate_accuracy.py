"""Accuracy on the test questions, in full and by category at base: strategies at both epochs, base few-shot too."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import metrics, runs
from gradual_learning.measures.statistics import Bootstrap


def main(
    known: str,
    base: str,
    best: list[str],
    convergence: list[str],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``best`` and ``convergence`` lie parallel to ``checkpoints``."""
    questions = runs.read_knowledge(known)
    epochs = {
        "best": runs.by_checkpoint(checkpoints, best),
        "convergence": runs.by_checkpoint(checkpoints, convergence),
    }
    answers = runs.answers(base, epochs, strategies, seeds, questions["id"])
    member = runs.membership(questions)
    table = metrics.accuracy(member, answers, bootstrap)
    records.write_tsv(pd.concat([metrics.few_shot(questions, member, bootstrap), table]), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            best=list(snakemake.input.best),
            convergence=list(snakemake.input.convergence),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
