"""Differences of test accuracy between pairs of strategies, with intervals and McNemar's test."""

from gradual_learning import records, runtime
from gradual_learning.measures import metrics, runs
from gradual_learning.measures.statistics import Bootstrap


def main(
    known: str,
    base: str,
    best: list[str],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    comparisons: list[list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``best`` lies parallel to ``checkpoints``, ``comparisons`` are (baseline, strategy)."""
    questions = runs.read_knowledge(known)
    answers = runs.best_answers(base, checkpoints, best, strategies, seeds, questions["id"])
    table = metrics.comparisons(runs.membership(questions), answers, comparisons, bootstrap)
    records.write_tsv(table, output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            best=list(snakemake.input.best),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            comparisons=[list(pair) for pair in snakemake.params.comparisons],
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
