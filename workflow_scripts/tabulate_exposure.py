"""Tabulate categories at base by how often the pretraining documents of the simulated world state a fact."""

from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.exposure import exposure
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import EVALUATION, FACTS


def main(facts: str, knowledge: str, recall: str, output: str, confidence_level: float) -> None:
    """Write the table from the facts of the world, the categories of the train questions at base, and fact recall."""
    recalled = read_table(recall, EVALUATION)
    table = exposure(read_table(facts, FACTS), read_knowledge(knowledge), recalled, confidence_level)
    write_tsv(table, output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            facts=snakemake.input.facts,
            knowledge=snakemake.input.knowledge,
            recall=snakemake.input.recall,
            output=snakemake.output.table,
            confidence_level=params["confidence_level"],
        )
