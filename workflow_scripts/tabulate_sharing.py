"""Whether upgraded questions share entities with trained ones more than chance, after each stage."""

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.measures import runs, sharing
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap


def main(
    questions: str,
    labelled: dict[str, Labels],
    data: list[str],
    output: str,
    checkpoints: list[str],
    seeds: list[int],
    bootstrap: Bootstrap,
) -> None:
    """Write the table.

    ``labelled``: the categories by split; ``data``, what was trained on, lies parallel to ``checkpoints``.
    """
    asked = records.read_table(questions, records.QUESTIONS)
    files = runs.by_checkpoint(checkpoints, data)
    chains = [chain for chain in labelled["train"].tables if chain]
    trained = {chain: [runs.trained_on(files, chain, seed) for seed in seeds] for chain in chains}
    parts = []
    for split, labels in labelled.items():
        for chain in chains:
            later = list(labels.tables[chain].values())
            part = sharing.sharing(asked, labels.base, later, trained[chain], bootstrap)
            part.insert(0, "checkpoint", runs.chain_name(chain))
            part.insert(1, "split", split)
            parts.append(part)
    records.write_tsv(pd.concat(parts, ignore_index=True), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            questions=snakemake.input.questions,
            labelled=Labels.of_splits(snakemake.input, snakemake.params),
            data=list(snakemake.input.data),
            output=snakemake.output.table,
            checkpoints=list(snakemake.params.checkpoints),
            seeds=list(snakemake.params.seeds),
            bootstrap=Bootstrap.from_params(snakemake.params),
        )
