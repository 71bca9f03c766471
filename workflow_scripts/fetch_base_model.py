"""Bring the base model here, from the hub or by links to a local folder, and check that it is whole and can be taught.

What comes from the hub is kept in a folder beside the output until all of it is here: a killed job goes on from there.
"""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gradual_learning import model_files, models, records, runtime, scratch
from gradual_learning.fetching import hub


def main(
    folder: str | None, model: str, description: str, source: str, name: str | None, revision: str, weights: bool
) -> None:
    place = Path(model).with_name(f".{Path(model).name}_download")
    origin = {"name": name, "revision": revision} if source == "hub" else {"path": folder}
    scratch.open_scratch(place, origin)
    if source == "hub":
        facts = _bring(partial(hub.fetch_model, name, folder=place), revision, weights, place)
    else:
        facts = _bring(lambda revision, weights: model_files.link(folder or "", place, weights), "", weights, place)
    records.write_text(json.dumps({"source": source, **origin, **facts}, indent=2) + "\n", description)
    _publish(place, facts["files"], Path(model))
    logging.info("%s, %.2f GB of weights", facts["architecture"], facts["weight_bytes"] / 1e9)


def _bring(fetch: Callable[..., dict[str, Any]], revision: str, weights: bool, place: Path) -> dict[str, Any]:
    """Fetch and check what is small first, then the weights if wanted; return what there is to know of the model."""
    brought = fetch(revision=revision, weights=False)
    config = models.read_config(place)
    models.load_tokenizer(place)
    if weights:
        brought = fetch(revision=brought["commit"], weights=True)
    return {
        "commit": brought["commit"],
        "architecture": (config.architectures or [type(config).__name__])[0],
        "parameters": model_files.count_parameters(place, brought["weights"]) if weights else None,
        "weight_bytes": sum(brought["weights"].values()),
        "files": {
            name: {"bytes": brought["files"][name], "sha256": brought["sha256"][name]}
            for name in sorted(brought["files"])
        },
    }


def _publish(place: Path, names: dict[str, Any], folder: Path) -> None:
    """Rename a folder to its final name, with these files alone."""
    for path in place.iterdir():
        if path.name not in names:
            path.unlink()
    scratch.replace(place, folder)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            folder=snakemake.input.folder or None,
            model=snakemake.output.model,
            description=snakemake.output.source,
            source=snakemake.params.source,
            name=snakemake.params.name,
            revision=snakemake.params.revision,
            weights=snakemake.params.weights,
        )
