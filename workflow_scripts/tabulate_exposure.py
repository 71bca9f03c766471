"""Categories at base against how often the fact was stated in pretraining: ground truth that no real model gives."""

from gradual_learning import records, runtime
from gradual_learning.measures import ground_truth, runs


def main(facts: str, knowledge: str, recall: str, output: str, confidence: float) -> None:
    """Write the table from the facts of the world, categories of the train questions at base, statement recall."""
    exposures = records.read_table(facts, records.FACTS)
    recalled = records.read_table(recall, records.EVALUATION)
    table = ground_truth.exposure(exposures, runs.read_knowledge(knowledge), recalled, confidence)
    records.write_tsv(table, output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            facts=snakemake.input.facts,
            knowledge=snakemake.input.knowledge,
            recall=snakemake.input.recall,
            output=snakemake.output.table,
            confidence=snakemake.params.confidence,
        )
