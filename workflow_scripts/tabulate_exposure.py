"""Categories at base against how often the fact was stated in pretraining: ground truth that no real model gives."""

from gradual_learning import records, runs, runtime, tables


def main(facts: str, knowledge: str, output: str, recall: str | None = None) -> None:
    """Write the table from the facts of the world, categories of the train questions at base, statement recall."""
    recalled = records.read_table(recall, records.EVALUATION) if recall else None
    exposures = records.read_table(facts, records.FACTS)
    records.write_tsv(tables.exposure(exposures, runs.read_knowledge(knowledge), recalled), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            facts=snakemake.input.facts,
            knowledge=snakemake.input.knowledge,
            output=snakemake.output.table,
            recall=snakemake.input.get("recall") or None,
        )
