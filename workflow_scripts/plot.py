"""Draw one figure from its tables, as PNG and SVG."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from gradual_learning.figures import style
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_tsv


def main(figure: str, tables: Sequence[str], settings: Mapping[str, Any], png: str, svg: str) -> None:
    """Draw a figure and save it.

    Only the module of this figure is imported, by name: the others are no inputs of the rule.

    Args:
        figure: name of the figure and of its module.
        tables: TSV files, in the order in which ``draw`` takes them.
        settings: ``dpi`` (resolution of the PNG), and the further arguments of ``draw``.
        png: output.
        svg: output.
    """
    module = importlib.import_module(f"gradual_learning.figures.{figure}")
    arguments = {name: value for name, value in settings.items() if name != "dpi"}
    style.save(module.draw(*map(read_tsv, tables), **arguments), png, svg, settings["dpi"])


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            figure=snakemake.wildcards.figure,
            tables=list(snakemake.input.tables),
            settings=dict(snakemake.params.settings),
            png=snakemake.output.png,
            svg=snakemake.output.svg,
        )
