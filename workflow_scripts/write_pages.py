"""Write the pages of the report: the numbers of this run in words, the figure, how to read it, the table."""

import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pandas as pd

from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.report import html
from gradual_learning.report.subjects import SUBJECTS
from gradual_learning.report.wording import Tables
from gradual_learning.tables.files import read_tsv


def main(
    subjects: Sequence[str],
    tables: Sequence[str],
    figures: Sequence[str],
    output: str,
    confidence_level: float,
    sweep: Mapping[str, float],
) -> None:
    """Write a page for each subject and, for the listing of the report, its caption in reStructuredText.

    Args:
        subjects: names of the pages.
        tables: TSV files, named after their subjects.
        figures: SVG files, named after their subjects.
        output: folder of the pages.
        confidence_level: coverage of the intervals.
        sweep: replay ratio of each strategy that differs from the others in nothing else.
    """
    table_files, drawings = ({Path(path).stem: path for path in paths} for paths in (tables, figures))
    frames = {name: read_tsv(path) for name, path in table_files.items()}
    frames["sweep"] = pd.DataFrame(sweep.items(), columns=["strategy", "ratio"])
    for name in subjects:
        title, module = SUBJECTS[name].title, importlib.import_module(f"gradual_learning.{SUBJECTS[name].module}")
        finding, caption = module.finding(frames), module.CAPTION.format(percent=100 * confidence_level)
        parts = [html.from_markdown(finding)]
        parts += [html.figure(drawings[name], f"{title}. {finding} {caption}")] if name in drawings else []
        parts += [html.from_markdown(caption), html.from_markdown(details(module, frames))]
        parts += [html.table(table_files[name], frames[name])] if name in table_files else []
        write_text(html.page(title, *parts), Path(output) / f"{name}.html")
        write_text(to_restructured_text(f"{finding} {caption}"), Path(output) / f"{name}.rst")


def details(module: ModuleType, frames: Tables) -> str:
    """Return what the module of a subject shows above the table, in Markdown; empty for most."""
    return module.details(frames) if hasattr(module, "details") else ""


def to_restructured_text(text: str) -> str:
    """Convert Markdown without markup other than code to reStructuredText without markup, in one line."""
    return re.sub(r"[^\w ]|_", r"\\\g<0>", " ".join(html.without_markup(text).split())) + "\n"


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            tables=list(snakemake.input.tables),
            figures=list(snakemake.input.figures),
            output=snakemake.output.pages,
            **snakemake.params.settings,
        )
