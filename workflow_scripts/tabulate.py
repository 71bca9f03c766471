"""Make one table from the files of the checkpoints."""

import importlib
from collections.abc import Mapping
from typing import Any

from gradual_learning.jobs import script
from gradual_learning.tables.files import write_tsv


def main(table: str, inputs: Mapping[str, Any], settings: Mapping[str, Any], output: str) -> None:
    """Make a table and write it.

    Only the module of this table is imported, by name: the others are no inputs of the rule.

    Args:
        table: name of the table and of its module.
        inputs: paths by the names that ``tabulate`` of the module looks up; lists hold one path per checkpoint.
        settings: of the experiment, by their names.
        output: TSV file.
    """
    module = importlib.import_module(f"gradual_learning.evaluation.tables.{table}")
    write_tsv(module.tabulate(inputs, settings), output)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            table=snakemake.wildcards.table,
            inputs=dict(snakemake.input.items()),
            settings=snakemake.params.settings,
            output=snakemake.output.table,
        )
