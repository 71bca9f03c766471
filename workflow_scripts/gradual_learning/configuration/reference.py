"""Writes the reference of all configuration keys, ``docs/configuration.md``, from the schema.

Run ``PYTHONPATH=workflow_scripts python -m gradual_learning.configuration.reference`` in the folder of the workflow.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Part = Mapping[str, Any]  # of the schema

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "rules/schemas/config.schema.yaml"
PAGE = ROOT / "docs/configuration.md"

_LONGEST_DEFAULT = 80  # characters that fit in a table cell
_BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "and below"}
_NAMES = {"array": "list", "string": "text", "boolean": "true or false"}
_TABLE_HEAD = "| key | values | default | meaning |\n|---|---|---|---|\n"
_INTRODUCTION = """# Configuration

Every key, its possible values, its default and its meaning. [config.yaml](../config.yaml) holds the same defaults; a
file given by `--configfile` only needs the keys that differ. `NAME` is a name of your choice.

This page is generated from [config.schema.yaml](../rules/schemas/config.schema.yaml), and a test compares the two. To
update it, run `PYTHONPATH=workflow_scripts python -m gradual_learning.configuration.reference`.
"""


def reference(schema: Part) -> str:
    """Return the page in Markdown: a table for every section of the configuration."""
    return _INTRODUCTION + "".join(_section(name, part, schema) for name, part in schema["properties"].items())


def _section(name: str, part: Part, schema: Part) -> str:
    rows = [
        f"| `{path}` | {_values(key, schema)} | {_default(key)} | {key.get('description', part['description'])} |\n"
        for path, key in _keys(part, schema, name)
    ]
    return f"\n## {name}\n\n{part['description']}\n\n{_TABLE_HEAD}{''.join(rows)}"


def _keys(part: Part, schema: Part, path: str) -> Iterator[tuple[str, Part]]:
    """Yield the dotted key and the schema of a part and of all parts below; NAME stands for any name."""
    part = _resolved(part, schema)
    children = dict(part.get("properties", {}))
    if isinstance(part.get("additionalProperties"), dict):
        children["NAME"] = part["additionalProperties"]
    if not children or ("." in path and "description" in part):
        yield path, part
    for key, child in children.items():
        yield from _keys(child, schema, f"{path}.{key}")


def _resolved(part: Part, schema: Part) -> Part:
    """Return a part of the schema together with the definition that it refers to."""
    definition = part.get("$ref", "").rpartition("/")[2]
    return {**schema["$defs"][definition], **part} if definition else part


def _values(part: Part, schema: Part) -> str:
    """Describe the possible values of a key: a choice of names, or a type and its range."""
    part = _resolved(part, schema)
    if part.get("type") == "object":
        return ""
    if "enum" in part:
        return ", ".join(f"`{value if isinstance(value, str) else json.dumps(value)}`" for value in part["enum"])
    types = part.get("type", "string")
    names = [_NAMES.get(name, name) for name in ([types] if isinstance(types, str) else types) if name != "null"]
    limits = "".join(f" {word} {part[key]}" for key, word in _BOUNDS.items() if key in part)
    items = f" of {_values(part['items'], schema)}" if "items" in part else ""
    return " or ".join(names) + limits + items + (", or null" if "null" in types else "")


def _default(part: Part) -> str:
    """Show the default of a key; a long one is only in the configuration file."""
    if part.get("default", {}) == {}:
        return ""
    text = json.dumps(part["default"], ensure_ascii=False)
    return f"`{text}`" if len(text) <= _LONGEST_DEFAULT else "see [config.yaml](../config.yaml)"


if __name__ == "__main__":
    PAGE.write_text(reference(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")
