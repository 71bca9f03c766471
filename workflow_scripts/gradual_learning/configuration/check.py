"""Completes a configuration: converts its texts, checks it, and fills in its defaults."""

import copy
from collections.abc import Callable
from typing import Any

from gradual_learning.configuration.consistency import consistency_faults
from gradual_learning.configuration.renamed_keys import rename
from gradual_learning.configuration.schema import (
    Schema,
    Settings,
    coerce_texts,
    drop,
    drop_unquoted_keys,
    schema_faults,
)
from gradual_learning.jobs.errors import UserError


def complete(config: Settings, schema: Schema, set_defaults: Callable[[Settings], None]) -> Settings:
    """Check a configuration against its schema and across its keys, and fill in its defaults.

    A stage or a strategy that is null is removed, a strategy together with its comparisons.

    Args:
        config: the configuration as the user gave it; left unchanged.
        schema: the JSON schema of the configuration.
        set_defaults: fills in, in place, the defaults of a configuration that follows the schema.

    Returns:
        The configuration with all keys.

    Raises:
        UserError: the configuration has faults; the message lists all of them.
    """
    settings = copy.deepcopy(config)
    faults = list(drop_unquoted_keys(settings))
    _remove_null(settings, "stages")
    removed = _remove_null(settings, "strategies")
    faults += rename(settings)
    coerce_texts(settings, schema)
    violations = list(schema_faults(settings, schema))
    for path, _ in violations:
        drop(settings, path)
    set_defaults(settings)
    settings["comparisons"] = [pair for pair in settings["comparisons"] if not removed & set(pair)]
    faults += [message for _, message in violations]
    faults += consistency_faults(settings)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise UserError("\n  - ".join([f"the configuration has {count}:", *faults]))
    return settings


def _remove_null(settings: Settings, section: str) -> set[Any]:
    """Remove the entries of a section that are null, in place, and return their names."""
    entries = settings.get(section)
    if not isinstance(entries, dict):
        return set()
    removed = {name for name, value in entries.items() if value in (None, "null")}
    for name in removed:
        del entries[name]
    return removed
