"""Which files of a model are used, and whether its weights are whole.

Weights are safetensors alone: the older formats may hold code.
"""

import fnmatch
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradual_learning.records import UserError, file_digest

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_VOCABULARY = ("tokenizer.json", "*.model", "vocab.*")
_OUTLINE = ("config.json", INDEX, "generation_config.json", "tokenizer*", "special_tokens_map.json", "merges.txt")
_OUTLINE += ("added_tokens.json", "chat_template*", *_VOCABULARY)
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.h5", "*.msgpack", "*.gguf")


def outline(names: Iterable[str], called: str) -> list[str]:
    """Return the files that say what a model is and how it reads: configuration, tokenizer, index of the weights.

    Args:
        names: all files that the model has.
        called: the key and the name of the model, for messages.

    Raises:
        UserError: the model has no configuration or no tokenizer, so that it is none in Hugging Face layout.
    """
    found = [name for name in names if "/" not in name and _fits(name, _OUTLINE)]
    if "config.json" not in found:
        raise UserError(f"{called} has no config.json, so it is no model in Hugging Face layout.")
    if not any(_fits(name, _VOCABULARY) for name in found):
        raise UserError(f"{called} has no tokenizer (tokenizer.json or *.model). Take the model that it was made from.")
    return found


def weights(names: Iterable[str], folder: str | Path, called: str) -> list[str]:
    """Return the files that the weights are loaded from: the only one, or those that the index names.

    Args:
        names: all files that the model has.
        folder: where its index is.
        called: the key and the name of the model, for messages.

    Raises:
        UserError: the model has no weights as safetensors, or not all of them.
    """
    names = list(names)
    if WEIGHTS in names:
        return [WEIGHTS]
    if INDEX not in names:
        other = [name for name in names if _fits(name, _PICKLED)]
        raise UserError(
            f"{called} has no weights as safetensors{f', only {other[0]}, which is never loaded' if other else ''}. "
            "Set model.revision to one that has them (often a pull request, refs/pr/<number>), or convert the model "
            "where you trust it (from_pretrained, then save_pretrained) and set model.source: local and model.path."
        )
    shards = sorted(set(_index(folder).values()))
    if missing := [name for name in shards if name not in names]:
        raise UserError(f"{called} lacks {', '.join(missing)}, which {INDEX} names. Get it whole.")
    return shards


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _index(folder: str | Path) -> dict[str, str]:
    """Return which file holds which tensor."""
    path = Path(folder) / INDEX
    try:
        return json.loads(path.read_text(encoding="utf-8"))["weight_map"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: no index of weights ({error}). Get the model whole.") from error


def link(source: str | Path, folder: str | Path, with_weights: bool) -> dict[str, Any]:
    """Link the files of a local model into a folder; nothing is copied.

    Returns:
        What :func:`gradual_learning.fetching.hub.fetch_model` returns; a folder has no commit.

    Raises:
        UserError: the local folder is missing, or the weights in it are not whole.
    """
    source, folder = Path(source).absolute(), Path(folder)
    if not source.is_dir():
        raise UserError(f"model.path: there is no folder {source}. It must hold a model in Hugging Face layout.")
    names = sorted(path.name for path in source.iterdir() if path.is_file())
    called = f"model.path: {source}"
    linked, shards = outline(names, called), weights(names, source, called)
    linked += shards if with_weights else []
    for name in linked:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(source / name)
    return {
        "commit": None,
        "files": {name: (source / name).stat().st_size for name in linked},
        "sha256": {name: file_digest(source / name) for name in linked},
        "weights": {name: (source / name).stat().st_size for name in shards},
    }


def count_parameters(folder: str | Path, shards: Iterable[str]) -> int:
    """Count the numbers in a model's weights; only the head of each file is read.

    Raises:
        UserError: a file is cut off or no safetensors file, or lacks a tensor that the index says it holds.
    """
    from safetensors import SafetensorError, safe_open

    numbers, held = 0, {}
    for name in shards:
        try:
            with safe_open(Path(folder) / name, "np") as file:
                for tensor in file.keys():  # noqa: SIM118 - no mapping
                    held[tensor] = name
                    numbers += math.prod(file.get_slice(tensor).get_shape())
        except (SafetensorError, OSError) as error:
            raise UserError(f"{Path(folder) / name}: not a whole safetensors file ({error}). Get it again.") from error
    listed = _index(folder) if (Path(folder) / INDEX).exists() and WEIGHTS not in shards else {}
    if astray := [tensor for tensor, name in listed.items() if held.get(tensor) != name]:
        raise UserError(f"{Path(folder) / INDEX}: {astray[0]} is not in {listed[astray[0]]}. Get the model whole.")
    return numbers
