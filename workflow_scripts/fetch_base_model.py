"""Download the base model from the hub or link it from a local folder, and check that it is complete and trainable.

Downloads are kept in a folder next to the output until all files are complete, so a killed job resumes from there.
"""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gradual_learning.jobs import resume, script
from gradual_learning.jobs.atomic_files import replace_folder, write_text
from gradual_learning.models.files import count_parameters, link_model
from gradual_learning.models.hub.download import fetch_model
from gradual_learning.models.loading import load_tokenizer, read_config


def main(
    folder: str | None, model: str, description: str, source: str, name: str | None, revision: str, weights: bool
) -> None:
    origin = {"name": name, "revision": revision} if source == "hub" else {"path": folder}
    work = resume.open_work_folder(resume.work_folder(model), origin)
    if source == "hub":
        facts = _fetch(partial(fetch_model, name, folder=work), revision, weights, work)
    else:
        facts = _fetch(lambda revision, weights: link_model(folder or "", work, weights), "", weights, work)
    write_text(json.dumps({"source": source, **origin, **facts}, indent=2) + "\n", description)
    _publish(work, facts["files"], Path(model))
    logging.info("%s, %.2f GB of weights", facts["architecture"], facts["weight_bytes"] / 1e9)


def _fetch(fetch: Callable[..., dict[str, Any]], revision: str, weights: bool, work: Path) -> dict[str, Any]:
    """Fetch and check the small files first, then the weights if requested; return the description of the model."""
    fetched = fetch(revision=revision, weights=False)
    config = read_config(work)
    load_tokenizer(work)
    if weights:
        fetched = fetch(revision=fetched["commit"], weights=True)
    return {
        "commit": fetched["commit"],
        "architecture": (config.architectures or [type(config).__name__])[0],
        "parameters": count_parameters(work, fetched["weights"]) if weights else None,
        "weight_bytes": sum(fetched["weights"].values()),
        "files": {
            name: {"bytes": fetched["files"][name], "sha256": fetched["sha256"][name]}
            for name in sorted(fetched["files"])
        },
    }


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
            folder=snakemake.input.folder or None,
            model=snakemake.output.model,
            description=snakemake.output.source,
            source=settings["source"],
            name=settings["name"],
            revision=settings["revision"],
            weights=settings["weights"],
        )
