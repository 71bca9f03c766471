"""A base model in a folder in Hugging Face layout, wherever it comes from: downloaded, linked or converted; checked."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gradual_learning.jobs.fingerprint import file_digest
from gradual_learning.models.files import count_parameters, link_model
from gradual_learning.models.gguf.conversion import convert
from gradual_learning.models.gguf.sources import Origin, obtain
from gradual_learning.models.hub.download import fetch_model
from gradual_learning.models.loading import load_tokenizer, read_config

CONVERTED = "converted"  # folder in the work folder


def fetch(origin: Origin, work: Path, weights: bool) -> tuple[Path, dict[str, Any]]:
    """Fetch a model into a work folder, or convert it there, and check that it is complete and trainable.

    Args:
        origin: where the model comes from.
        work: an existing folder; downloads of a killed job are resumed from it.
        weights: whether to fetch the weights too, not only configuration and tokenizer.

    Returns:
        The folder that holds the model, and a description: ``commit``, ``architecture``, ``parameters``,
        ``weight_bytes`` and ``files``; for a GGUF file, ``license`` and what :func:`obtain` states.

    Raises:
        UserError: the model does not exist, is incomplete, or cannot be trained; the message names the remedy.
    """
    if origin.is_gguf:
        return work / CONVERTED, _convert(origin, work, weights)
    return work, _fetch(_fetcher(origin, work), origin.revision, weights, work)


def _fetcher(origin: Origin, work: Path) -> Callable[..., dict[str, Any]]:
    """Return the function that brings a model in Hugging Face layout into the work folder."""
    if origin.source == "hub":
        assert origin.name
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
