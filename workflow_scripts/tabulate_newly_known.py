"""Which facts out of reach at base became known after each stage, by how often they were stated in pretraining."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import ground_truth, runs
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    facts: str,
    labelled: dict[str, Labels],
    retest: list[str],
    output: str,
    bootstrap: Bootstrap,
) -> None:
    """Write the table.

    ``labelled``: the categories by split; ``retest``: the base model's second labelling of the train questions (one
    file), or nothing.
    """
    exposures = records.read_table(facts, records.FACTS)
    parts = []
    for split, labels in labelled.items():
        later = {runs.chain_name(chain): list(tables.values()) for chain, tables in labels.tables.items() if chain}
        again = [runs.read_matching(path, labels.base["id"]) for path in retest if split == "train"]
        part = ground_truth.newly_known(exposures, labels.base, later, next(iter(again), None), bootstrap)
        part.insert(0, "split", split)
        parts.append(part)
    records.write_tsv(pd.concat(parts, ignore_index=True), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            facts=snakemake.input.facts,
            labelled=Labels.of_splits(snakemake.input, snakemake.params),
            retest=list(snakemake.input.retest),
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
