"""Write the reference of all configuration keys, which lies beside this as README.md, from the schema."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

SCHEMA = Path(__file__).with_name("config.schema.yaml")
LONGEST = 80  # characters of a default that a table cell holds
HEADING = "| key | values | default | meaning |\n|---|---|---|---|\n"
QUOTE = '"'
INTRODUCTION = """# Configuration

Every key, what it may hold, its default and its meaning. Written from [config.schema.yaml](config.schema.yaml) by
`python rules/schemas/reference.py > rules/schemas/README.md`; a test fails where the two differ.
[config.yaml](../../config.yaml) holds the same defaults; a file given by `--configfile` names only what differs.
"""


def resolved(part: dict, schema: dict) -> dict:
    """Return a part of the schema with what it refers to merged in."""
    reference = part.get("$ref")
    return part if reference is None else schema["$defs"][reference.rpartition("/")[2]] | part


def leaves(part: dict, schema: dict, path: str) -> Iterator[tuple[str, dict]]:
    """Yield the dotted path and the schema of every value below a part; what any name may stand for is called NAME."""
    part = resolved(part, schema)
    below = dict(part.get("properties", {}))
    if isinstance(part.get("additionalProperties"), dict):
        below["NAME"] = part["additionalProperties"]
    if not below:
        yield path, part
    for key, inner in below.items():
        yield from leaves(inner, schema, f"{path}.{key}".lstrip("."))


def values(part: dict, schema: dict) -> str:
    """Say what a value may be: one of a few names, or its type and range."""
    part = resolved(part, schema)
    if "enum" in part:
        return ", ".join(f"`{json.dumps(value).strip(QUOTE)}`" for value in part["enum"])
    types = part.get("type", "string")
    names = [name for name in ([types] if isinstance(types, str) else types) if name != "null"]
    bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    limits = "".join(f" {word} {part[key]}" for key, word in bounds.items() if key in part)
    inner = f" of {values(part['items'], schema)}" if "items" in part else ""
    return " or ".join(names) + limits + inner + (", or null" if "null" in types else "")


def default(part: dict) -> str:
    """Show a default; a long one stands in the configuration file alone."""
    shown = json.dumps(part.get("default", ""), ensure_ascii=False)
    return f"`{shown}`" if "default" in part and len(shown) <= LONGEST else "see [config.yaml](../../config.yaml)"


def reference(schema: dict) -> str:
    """Write the reference as Markdown: a table for every section."""
    parts = [INTRODUCTION]
    for section, part in schema["properties"].items():
        part = resolved(part, schema)
        parts.append(
            f"\n## {section}\n\n{part['description']}\n\n| key | values | default | meaning |\n|---|---|---|---|\n"
        )
        for path, leaf in leaves(part, schema, section):
            about = leaf.get("description", part["description"])
            parts.append(f"| `{path}` | {values(leaf, schema)} | {default(leaf)} | {about} |\n")
    return "".join(parts)


if __name__ == "__main__":
    print(reference(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))), end="")
