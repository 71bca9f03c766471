"""The report's pages: a figure with its text alternative, the numbers of this run, how to read them, the table."""

import re
from pathlib import Path

import pandas as pd

from gradual_learning import records, runtime
from gradual_learning.report import captions, pages, readings


def main(
    titles: dict[str, str],
    tables: list[str],
    figures: list[str],
    output: str,
    confidence: float,
    sweep: dict[str, float],
) -> None:
    """Write a page for each subject in ``titles`` and, for those who list it, its caption in reStructuredText.

    ``tables`` and ``figures`` (SVG) are called by their subjects; ``sweep`` is the replay ratio by strategy.
    """
    files, drawn = ({Path(path).stem: path for path in paths} for paths in (tables, figures))
    frames = {subject: records.read_tsv(path) for subject, path in files.items()}
    frames["sweep"] = pd.DataFrame(sweep.items(), columns=["strategy", "ratio"])
    for subject, title in titles.items():
        told, reading = captions.findings(subject, frames), readings.reading(subject, confidence)
        parts = [pages.text(told)]
        parts += [pages.figure(drawn[subject], f"{title}. {told} {reading}")] if subject in drawn else []
        parts += [pages.text(reading)]
        parts += [pages.examples(frames[subject])] if subject == "examples" else []
        parts += [pages.table(files[subject], frames[subject])] if subject in files else []
        records.write_text(pages.page(title, *parts), Path(output) / f"{subject}.html")
        records.write_text(restructured(f"{told} {reading}"), Path(output) / f"{subject}.rst")


def restructured(text: str) -> str:
    """Write a text of no marks but those of names so that reStructuredText shows it as it is."""
    return re.sub(r"[*_|\\]", r"\\\g<0>", text.replace("`", "")) + "\n"


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            titles=dict(snakemake.params.titles),
            tables=list(snakemake.input.tables),
            figures=list(snakemake.input.figures),
            output=snakemake.output.pages,
            confidence=snakemake.params.confidence,
            sweep=dict(snakemake.params.sweep),
        )
