"""Tabulate the strategy that validation accuracy chooses, its test accuracy, its cost and its alternatives."""

from gradual_learning.data import prompts
from gradual_learning.evaluation.advice import advice
from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import Design, Files, by_checkpoint, read_best_answers, read_knowledge
from gradual_learning.evaluation.choice import Choice
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, read_tsv, write_tsv
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS


def main(
    data: tuple[str, str],
    tables: tuple[str, str],
    known: str,
    base: str,
    best: Files,
    output: str,
    matched: list[str],
    design: Design,
    bootstrap: Bootstrap,
) -> None:
    """Write the table.

    Args:
        data: questions and few-shot prompts.
        tables: learning curves and cost.
        known: categories of the test questions under the base model.
        base: their evaluation under the base model.
        best: the same of the final checkpoints at their best epoch.
        output: the table.
        matched: strategies that take their number of steps from another one.
        design: strategies and seeds.
        bootstrap: resampling of questions and seeds.
    """
    questions, exemplars = (read_table(path, schema) for path, schema in zip(data, (QUESTIONS, PROMPTS), strict=True))
    curves, cost = map(read_tsv, tables)
    validation = prompts.validation_questions(questions, exemplars)
    choice = Choice.from_tables(curves, cost, len(validation), design, matched)
    test = read_knowledge(known)
    write_tsv(advice(test, read_best_answers(base, best, design, test["id"]), choice, bootstrap), output)


if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            data=(inputs.questions, inputs.prompts),
            tables=(inputs.curves, inputs.cost),
            known=inputs.known,
            base=inputs.base,
            best=by_checkpoint(params["checkpoints"], inputs.best),
            output=snakemake.output.table,
            matched=params["matched"],
            design=Design.from_params(params),
            bootstrap=Bootstrap.from_params(params),
        )
