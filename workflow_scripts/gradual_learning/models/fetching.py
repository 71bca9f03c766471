"""A base model in a folder in Hugging Face layout, wherever it comes from: downloaded, linked or converted; checked."""

import shutil
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from gradual_learning.jobs.errors import UserError
from gradual_learning.models import compatibility
from gradual_learning.models.chat_template import ChatTemplate
from gradual_learning.models.files import count_parameters, describe_files, link_model
from gradual_learning.models.gguf.conversion import convert
from gradual_learning.models.gguf.sources import Origin, obtain
from gradual_learning.models.hub.download import fetch_model
from gradual_learning.models.loading import load_tokenizer, read_config

CONVERTED = "converted"  # folder in the work folder


def fetch(origin: Origin, work: Path, weights: bool, chat_template: bool) -> tuple[Path, dict[str, Any]]:
    """Fetch a model into a work folder, or convert it there, and check that it is complete and can be trained here.

    Args:
        origin: where the model comes from.
        work: an existing folder; downloads of a killed job are resumed from it.
        weights: whether to fetch the weights too, not only configuration and tokenizer.
        chat_template: whether the chat template will be used.

    Returns:
        The folder that holds the model, and a description: ``commit``, ``architecture``, ``chat_frame`` (what the chat
        template writes around a text, None where it does not work), ``parameters``, ``weight_bytes`` and ``files``; for
        a GGUF file, ``license`` and what :func:`obtain` states.

    Raises:
        UserError: the model does not exist, is incomplete, or cannot work; the message names the remedy.
    """
    if origin.is_gguf:
        return work / CONVERTED, _convert(origin, work, weights, chat_template)
    try:
        return work, _fetch(origin, work, weights, chat_template)
    except UserError as error:  # the user knows the files by where they come from
        raise UserError(str(error).replace(str(work), str(origin.path or origin.name))) from error


def _fetch(origin: Origin, work: Path, weights: bool, chat_template: bool) -> dict[str, Any]:
    """Fetch and check the small files first, then the weights if requested; return the description of the model."""
    fetched = _bring(origin, origin.revision, work, weights=False)
    checked = _check(work, chat_template)
    if weights:
        fetched = _bring(origin, fetched["commit"], work, weights=True)
    folder = work if weights else Path(origin.path or work)  # the weights of a local folder can be checked where it is
    parameters = None
    if weights or origin.source == "local":
        parameters = count_parameters(folder, fetched["weights"])
        compatibility.check_weights(folder, read_config(folder))
    return {
        "commit": fetched["commit"],
        **checked,
        "parameters": parameters if weights else None,
        "weight_bytes": sum(fetched["weights"].values()),
        "files": {
            name: {"bytes": fetched["files"][name], "sha256": fetched["sha256"][name]}
            for name in sorted(fetched["files"])
        },
    }


def _bring(origin: Origin, revision: str, work: Path, weights: bool) -> dict[str, Any]:
    """Bring a model in Hugging Face layout into the work folder."""
    if origin.source == "hub":
        assert origin.name
        return fetch_model(origin.name, revision, work, weights)
    return link_model(origin.path or "", work, weights)


def _convert(origin: Origin, work: Path, weights: bool, chat_template: bool) -> dict[str, Any]:
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
        **_check(folder, chat_template),
        "parameters": count_parameters(folder, made["shards"]) if weights else None,
        "weight_bytes": made["weight_bytes"],
        "license": license_name,
        **source,
        "gguf": {**source["gguf"], **stated},
        "files": describe_files(folder),
    }


def _check(folder: Path, chat_template: bool) -> dict[str, str | None]:
    """Check configuration and tokenizer of a model; return its ``architecture`` and its ``chat_frame``."""
    config = read_config(folder)
    compatibility.check_quantization(folder, config)
    tokenizer = load_tokenizer(folder)
    compatibility.check_tokenizer(folder, config, tokenizer)
    if chat_template:
        compatibility.check_chat_template(config, tokenizer)
    return {
        "architecture": (config.architectures or [type(config).__name__])[0],
        "chat_frame": _chat_frame(tokenizer),
    }


def _chat_frame(tokenizer: PreTrainedTokenizerBase) -> str | None:
    try:
        return ChatTemplate(tokenizer).frame
    except UserError:
        return None
