"""The runs that are combined: their names, and which of them have the same base model and questions.

Standard library only: the rules import this module while Snakemake parses them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

IDENTITY = ("data", "model", "world", "pretraining")  # sections that define the base model and the questions


def run_names(folders: Sequence[str]) -> list[str]:
    """Name runs after the last part of their folders, or after the whole path where that is not unique."""
    last = [folder.rstrip("/").rpartition("/")[2] for folder in folders]
    return [name if last.count(name) == 1 else folder for name, folder in zip(last, folders, strict=True)]


def twins(configs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Describe the runs that have the base model and the questions of an earlier run, and would count twice.

    Args:
        configs: the complete configuration of each run, by its name.
    """
    seen: list[tuple[str, list[Any]]] = []
    for name, config in configs.items():
        identity = [config[section] for section in IDENTITY]
        earlier = [other for other, known in seen if known == identity]
        yield from (f"{name} has the same base model and questions as {other}" for other in earlier[:1])
        seen.append((name, identity))
