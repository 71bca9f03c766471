"""Tabulate test accuracy by relation for the base model and all strategies at the best epoch."""

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import Design, Files, by_checkpoint, read_best_answers, read_knowledge
from gradual_learning.evaluation.relations import relations
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(known: str, base: str, best: Files, output: str, design: Design, bootstrap: Bootstrap) -> None:
    """Write the table; ``best``: the evaluations by checkpoint."""
    questions = read_knowledge(known)
    answers = read_best_answers(base, best, design, questions["id"])
    write_tsv(relations(questions["relation"], answers, bootstrap), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            known=snakemake.input.known,
            base=snakemake.input.base,
            best=by_checkpoint(params["checkpoints"], snakemake.input.best),
            output=snakemake.output.table,
            design=Design.from_params(params),
            bootstrap=Bootstrap.from_params(params),
        )
