"""Tabulate differences of test accuracy between pairs of strategies."""

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    Files,
    by_checkpoint,
    category_indicators,
    read_best_answers,
    read_knowledge,
)
from gradual_learning.evaluation.comparisons import comparisons
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(
    known: str, base: str, best: Files, output: str, pairs: list[list[str]], design: Design, bootstrap: Bootstrap
) -> None:
    """Write the table; ``best``: the evaluations by checkpoint, ``pairs``: (baseline, strategy)."""
    questions = read_knowledge(known)
    answers = read_best_answers(base, best, design, questions["id"])
    write_tsv(comparisons(category_indicators(questions), answers, pairs, bootstrap), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            best=by_checkpoint(params["checkpoints"], snakemake.input.best),
            output=snakemake.output.table,
            pairs=params["comparisons"],
            design=Design.from_params(params),
            bootstrap=Bootstrap.from_params(params),
        )
