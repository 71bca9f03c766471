"""Tabulate differences of test accuracy between pairs of strategies, and all effects with their standard errors."""

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Files,
    by_checkpoint,
    category_indicators,
    read_best_answers,
    read_knowledge,
)
from gradual_learning.evaluation.comparisons import comparisons
from gradual_learning.evaluation.effects import answer_effects, knowledge_effects
from gradual_learning.evaluation.labels import Labels
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(
    known: str,
    base: str,
    best: Files,
    labels: dict[str, Labels],
    table: str,
    effects: str,
    pairs: list[list[str]],
    bootstrap: Bootstrap,
) -> None:
    """Write both tables.

    Args:
        known: categories of the test questions at base.
        base: their evaluation under the base model.
        best: their evaluations by checkpoint.
        labels: the categories under relabeled checkpoints by split.
        table: the differences of accuracy (output).
        effects: effects on accuracy, forgetting and knowledge (output).
        pairs: (baseline, strategy).
        bootstrap: resampling of questions and seeds.
    """
    questions = read_knowledge(known)
    categories = category_indicators(questions)
    answers = read_best_answers(base, best, labels["train"].design, questions["id"])
    write_tsv(comparisons(categories, answers, pairs, bootstrap), table)
    parts = [answer_effects(categories, answers, pairs, bootstrap)]
    parts += [knowledge_effects(split, own.final_highly_known(), pairs, bootstrap) for split, own in labels.items()]
    write_tsv(pd.concat(parts, ignore_index=True), effects)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            best=by_checkpoint(params["finals"], snakemake.input.best),
            labels=Labels.of_splits(snakemake.input, params),
            table=snakemake.output.table,
            effects=snakemake.output.effects,
            pairs=params["comparisons"],
            bootstrap=Bootstrap.from_params(params),
        )
