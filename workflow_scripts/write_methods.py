"""Write the page about how the run was made: model, seeds, training sets, cost, versions, configuration."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gradual_learning.figures import cost
from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.report import html, methods
from gradual_learning.report.table_pages import time
from gradual_learning.tables.files import read_tsv


def main(
    tables: Sequence[str],
    model_source: str | None,
    requirements: str,
    citation: str,
    code: str,
    output: str,
    record: str,
    config: Mapping[str, Any],
) -> None:
    """Write the page, and a record by which runs can be compared before they are combined.

    Args:
        tables: TSV files, named after their subjects: training_data, cost, time.
        model_source: JSON file about the base model, None where it was pretrained here.
        requirements: text of the file of pinned versions.
        citation: text of CITATION.cff, which holds the version of the workflow.
        code: hash of the code that made the numbers.
        output: HTML file.
        record: JSON file.
        config: the whole configuration.
    """
    made = {"version": yaml.safe_load(citation)["version"], "code": code, "config": config}
    write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", record)
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
            record=snakemake.output.record,
            **snakemake.params.settings,
        )
