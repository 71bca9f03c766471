"""Write the page about how the run was made: model, seeds, training sets, cost, versions, configuration."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradual_learning.figures import cost
from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.report import html, methods
from gradual_learning.report.table_pages import time
from gradual_learning.tables.files import read_tsv


def main(
    tables: Sequence[str], model_source: str | None, requirements: str, output: str, config: Mapping[str, Any]
) -> None:
    """Write the page.

    Args:
        tables: TSV files, named after their subjects: training_data, cost, time.
        model_source: JSON file about the base model, None where it was pretrained here.
        requirements: text of the file of pinned versions.
        output: HTML file.
        config: the whole configuration.
    """
    frames = {Path(path).stem: read_tsv(path) for path in tables}
    sections = {
        "Model": methods.model(model_source, config["pretraining"]["seed"], config["model"]["chat_template"]),
        "Seeds": f"Every strategy was run with the seeds {', '.join(map(str, config['seeds']))}.",
        "Training sets": "C is the category under the checkpoint from which a stage starts, C0 the category under the"
        f" base model.\n\n{methods.stages(frames['training_data'], config['strategies'])}",
        "Cost": f"{cost.finding(frames)} {time.finding(frames)}",
        "Versions": methods.versions(requirements),
    }
    parts = [html.from_markdown(f"## {heading}\n\n{text}") for heading, text in sections.items()]
    settings = html.preformatted(json.dumps(config, indent=2, ensure_ascii=False))
    write_text(html.page(methods.TITLE, *parts, html.from_markdown("## Configuration"), settings), output)


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            tables=list(snakemake.input.tables),
            model_source=snakemake.input.model_source or None,
            output=snakemake.output.page,
            **snakemake.params.settings,
        )
