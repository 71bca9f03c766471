"""The page that says how the run was made: model, seeds, sets, cost, versions, configuration."""

import json
from pathlib import Path

from gradual_learning import records, runtime
from gradual_learning.report import captions, making, pages


def main(
    tables: list[str],
    model_source: str | None,
    requirements: str,
    output: str,
    settings: dict,
) -> None:
    """Write the page; ``tables`` are called by their subjects, ``settings`` the whole configuration."""
    frames = {Path(path).stem: records.read_tsv(path) for path in tables}
    took = [captions.findings(subject, frames) for subject in ("cost", "time")]
    told = {
        "The model": making.model(model_source, settings["pretraining"]["seed"]),
        "The seeds": f"Every strategy was run with the seeds {', '.join(map(str, settings['seeds']))}.",
        "What each stage trained on": "C is the category under the checkpoint a stage starts from, C0 that under the"
        f" base model.\n\n{making.stages(frames['training_data'], settings['strategies'])}",
        "What it took": " ".join(took),
        "Versions": making.versions(requirements),
    }
    parts = [pages.text(f"## {heading}\n\n{text}") for heading, text in told.items()]
    shown = pages.text("## The configuration") + pages.listing(json.dumps(settings, indent=2, ensure_ascii=False))
    records.write_text(pages.page(making.TITLE, *parts, shown), output)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            tables=list(snakemake.input.tables),
            model_source=snakemake.input.model_source or None,
            requirements=snakemake.input.requirements,
            output=snakemake.output.page,
            settings=dict(snakemake.params.settings),
        )
