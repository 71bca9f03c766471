"""Write the summary of a run: the published claims, the evidence and the limitations, as Markdown and as a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.report import combination, html, summary
from gradual_learning.report.claims import Run
from gradual_learning.tables.files import read_tsv


def main(tables: Sequence[str], output: str, page: str, confidence_level: float, **design: Any) -> None:
    """Write the summary.

    Args:
        tables: TSV files, named after their subjects.
        output: Markdown file.
        page: HTML file.
        confidence_level: coverage of the intervals.
        **design: the other attributes of :class:`Run`.
    """
    frames = {Path(path).stem: read_tsv(path) for path in tables}
    if "combined" in frames:
        title, body = combination.TITLE, combination.body(frames["combined"], confidence_level)
    else:
        title, body = summary.TITLE, summary.body(Run(tables=frames, confidence=confidence_level, **design))
    write_text(f"# {title}\n\n{body}", output)
    write_text(html.page(title, html.from_markdown(body)), page)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            tables=list(snakemake.input.tables),
            output=snakemake.output.summary,
            page=snakemake.output.page,
            **snakemake.params.settings,
        )
