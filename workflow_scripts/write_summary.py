"""The summary of a run: which published claims hold, the evidence, the limits; as Markdown and as a page."""

from pathlib import Path

from gradual_learning import records, runtime
from gradual_learning.report import pages, summary
from gradual_learning.report.claims import Run


def main(tables: list[str], output: str, page: str, **run) -> None:
    """Write the summary; ``tables`` are called by their subjects."""
    frames = {Path(path).stem: records.read_tsv(path) for path in tables}
    body = summary.body(Run(frames, **run))
    records.write_text(f"# {summary.TITLE}\n\n{body}", output)
    records.write_text(pages.page(summary.TITLE, pages.text(body)), page)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            tables=list(snakemake.input.tables),
            output=snakemake.output.summary,
            page=snakemake.output.page,
            strategies=dict(snakemake.params.strategies),
            stages=dict(snakemake.params.stages),
            seeds=list(snakemake.params.seeds),
            confidence=snakemake.params.confidence,
            retest=snakemake.params.retest,
            is_simulated=snakemake.params.is_simulated,
        )
