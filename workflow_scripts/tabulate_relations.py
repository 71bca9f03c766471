"""Test accuracy of the base model and of all strategies at the best epoch, relation by relation."""

from gradual_learning import records, runtime
from gradual_learning.measures import runs
from gradual_learning.measures.relations import relations
from gradual_learning.measures.statistics import Bootstrap


def main(
    known: str,
    base: str,
    best: list[str],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``best`` lies parallel to ``checkpoints``."""
    questions = runs.read_knowledge(known)
    answers = runs.best_answers(base, checkpoints, best, strategies, seeds, questions["id"])
    records.write_tsv(relations(questions["relation"], answers, bootstrap), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            best=list(snakemake.input.best),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
