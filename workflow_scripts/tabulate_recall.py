"""How well a question's category tells whether the base model completes the statement of its fact."""

from gradual_learning import records, runtime
from gradual_learning.measures import ground_truth, runs
from gradual_learning.measures.statistics import Bootstrap


def main(recall: str, knowledge: dict[str, str], output: str, bootstrap: Bootstrap) -> None:
    """Write the table; ``knowledge``: categories under the base model by split."""
    known = {split: runs.read_knowledge(path) for split, path in knowledge.items()}
    statements = records.read_table(recall, records.EVALUATION)
    records.write_tsv(ground_truth.recall(known, statements, bootstrap), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            recall=snakemake.input.recall,
            knowledge={"train": snakemake.input.train, "test": snakemake.input.test},
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
