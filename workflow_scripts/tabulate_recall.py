"""Tabulate how well the category of a question predicts whether the base model completes the statement of its fact."""

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.recall import recall
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import EVALUATION, FACTS


def main(facts: str, statements: str, knowledge: dict[str, str], output: str, bootstrap: Bootstrap) -> None:
    """Write the table; ``knowledge``: categories under the base model by split."""
    known = {split: read_knowledge(path) for split, path in knowledge.items()}
    write_tsv(recall(read_table(facts, FACTS), known, read_table(statements, EVALUATION), bootstrap), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            facts=snakemake.input.facts,
            statements=snakemake.input.recall,
            knowledge={split: snakemake.input[split] for split in ("train", "test")},
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(params),
        )
