"""How questions move between categories at each stage, beside and beyond the base model labelled twice."""

from gradual_learning import records, runtime
from gradual_learning.measures import tables
from gradual_learning.measures.labelled import Labels


def main(
    labelled: dict[str, Labels],
    retest: list[str],
    output: str,
) -> None:
    """Write the table.

    ``labelled``: the categories by split; ``retest``: the base model's second labelling of the train questions (one
    file), or nothing.
    """
    pairs = {}
    for split, labels in labelled.items():
        for path in retest if split == "train" else []:
            pairs |= labels.retest(path, split)
        pairs |= labels.steps(split)
    records.write_tsv(tables.transitions(pairs), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            labelled=Labels.of_splits(snakemake.input, snakemake.params),
            retest=list(snakemake.input.retest),
            output=snakemake.output.table,
        )
