"""Combine the effects of several finished runs by a random-effects model."""

from collections.abc import Mapping, Sequence

from gradual_learning.evaluation.combination import combination
from gradual_learning.evaluation.runs import Run, require_combinable
from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(
    runs: Mapping[str, str],
    made: Sequence[str],
    effects: Sequence[str],
    output: str,
    comparisons: Sequence[Sequence[str]],
    allow: Sequence[str],
    confidence_level: float,
) -> None:
    """Write the table.

    Args:
        runs: folder of each run by its name.
        made: the methods.json of each run.
        effects: its table of effects.
        output: TSV file.
        comparisons: pairs (baseline, strategy) to combine.
        allow: aspects in which runs may differ.
        confidence_level: coverage of the intervals.
    """
    files = zip(runs.items(), made, effects, strict=True)
    read = [Run.read(name, folder, record, table) for (name, folder), record, table in files]
    notes = require_combinable(read, comparisons, allow)
    write_tsv(combination(read, comparisons, confidence_level, notes), output)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            made=list(snakemake.input.made),
            effects=list(snakemake.input.effects),
            output=snakemake.output.table,
            **snakemake.params.settings,
        )
