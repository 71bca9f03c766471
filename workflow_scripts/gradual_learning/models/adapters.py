"""Which base model an adapter belongs to, for programs that read it from the adapter itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.models.loading import ADAPTER_CONFIG


def hub_origin(source: Mapping[str, Any]) -> dict[str, str]:
    """Return the name and the commit under which the hub has the weights of a base model, or nothing for others.

    Args:
        source: what is recorded about the base model.
    """
    is_converted = any(name.endswith(".gguf") for name in source.get("files", {}))
    on_hub = source.get("source") == "hub" and not is_converted and "gguf" not in source
    return {"name": source["name"], "commit": source["commit"]} if on_hub else {}


def state_base_model(folder: str | Path, name: str | None, commit: str | None = None) -> None:
    """Write the base model of an adapter into its configuration, replacing what PEFT has written.

    Args:
        folder: the adapter.
        name: name of the base model on the hub, or the absolute path of its folder; None where neither is known.
        commit: of the base model on the hub.
    """
    path = Path(folder) / ADAPTER_CONFIG
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": name, "revision": commit}
    write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", path)
