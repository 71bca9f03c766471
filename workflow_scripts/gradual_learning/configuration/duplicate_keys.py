"""Keys that a configuration file gives twice: YAML readers keep the last one without a word."""

from collections.abc import Iterator
from pathlib import Path

import yaml


def duplicate_keys(path: str | Path) -> Iterator[str]:
    """Yield a description of each key that a mapping of a YAML or JSON file holds more than once."""
    with open(path, encoding="utf-8") as file:
        root = yaml.compose(file, yaml.SafeLoader)
    if root is not None:
        yield from (f"{path}:{line}: the key {key} is given twice; merge the two" for key, line in _repeated(root))


def _repeated(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Yield the repeated keys below a node, with the line of the repetition."""
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        for place, (key, value) in enumerate(node.value):
            if key.value in names[:place]:
                yield key.value, key.start_mark.line + 1
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)
