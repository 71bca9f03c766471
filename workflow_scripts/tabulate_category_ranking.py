"""Tabulate accuracy and rank of training sets of one category, next to the results of Gekhman et al. 2024."""

from collections.abc import Mapping

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.category_ranking import category_ranking
from gradual_learning.evaluation.checkpoints import (
    Design,
    Files,
    by_checkpoint,
    category_indicators,
    read_answers,
    read_knowledge,
)
from gradual_learning.evaluation.table_values import EPOCHS
from gradual_learning.experiment import BASE
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(
    known: str,
    base: str,
    epochs: Mapping[str, Files],
    output: str,
    ranked: dict[str, str],
    design: Design,
    bootstrap: Bootstrap,
) -> None:
    """Write the table; ``epochs``: the evaluations by epoch and checkpoint, ``ranked``: strategy by training set."""
    questions = read_knowledge(known)
    chains = {train_set: design.strategies[strategy] for train_set, strategy in ranked.items()}
    answers = read_answers(base, epochs, Design(chains, design.seeds), questions["id"])
    answers = {key: correct for key, correct in answers.items() if key[0] != BASE}
    write_tsv(category_ranking(category_indicators(questions), answers, ranked, bootstrap), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            epochs={epoch: by_checkpoint(params["checkpoints"], snakemake.input[epoch]) for epoch in EPOCHS},
            output=snakemake.output.table,
            ranked=params["category_ranking"],
            design=Design.from_params(params),
            bootstrap=Bootstrap.from_params(params),
        )
