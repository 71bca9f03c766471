"""Accuracy and ranks of the arms of Gekhman et al. 2024, beside the published numbers."""

from gradual_learning import records, runtime
from gradual_learning.measures import arms, runs
from gradual_learning.measures.statistics import Bootstrap


def main(
    known: str,
    base: str,
    epochs: dict[str, list[str]],
    output: str,
    checkpoints: list[str],
    strategies: dict[str, list[str]],
    chosen: dict[str, str],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table; files of an epoch lie parallel to ``checkpoints``, ``chosen`` names the strategy of each arm."""
    questions = runs.read_knowledge(known)
    files = {epoch: runs.by_checkpoint(checkpoints, paths) for epoch, paths in epochs.items()}
    chains = {train_set: strategies[name] for train_set, name in chosen.items()}
    answers = runs.answers(base, files, chains, seeds, questions["id"])
    answers = {key: right for key, right in answers.items() if key[0] != runs.BASE}
    records.write_tsv(arms.arms(runs.membership(questions), answers, chosen, bootstrap), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            epochs={epoch: list(snakemake.input[epoch]) for epoch in arms.EPOCHS},
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            strategies=dict(snakemake.params.strategies),
            chosen=dict(snakemake.params.arms),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
