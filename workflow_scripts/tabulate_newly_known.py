"""Tabulate which WeaklyKnown and Unknown facts become known after each stage, by exposure in pretraining."""

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.newly_known import newly_known
from gradual_learning.experiment import chain_name
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import FACTS


def main(facts: str, labels: dict[str, Labels], output: str, bootstrap: Bootstrap) -> None:
    """Write the table; ``labels``: the categories by split."""
    exposures = read_table(facts, FACTS)
    parts = []
    for split, own in labels.items():
        later = {chain_name(chain): tables for chain, tables in own.trained().items()}
        part = newly_known(exposures, own.base, later, own.relabeled_base, bootstrap)
        part.insert(0, "split", split)
        parts.append(part)
    write_tsv(pd.concat(parts, ignore_index=True), output)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            facts=snakemake.input.facts,
            labels=Labels.of_splits(snakemake.input, params),
            output=snakemake.output.table,
            bootstrap=Bootstrap.from_params(params),
        )
