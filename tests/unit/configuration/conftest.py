"""The schema of the configuration and what it makes of an empty configuration."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from snakemake.utils import validate

from gradual_learning.configuration.check import complete
from gradual_learning.configuration.schema import Schema, Settings


@pytest.fixture(scope="session")
def schema(root) -> Schema:
    return yaml.safe_load((root / "rules/schemas/config.schema.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def set_defaults(root) -> Callable[[Settings], None]:
    return lambda settings: validate(settings, str(root / "rules/schemas/config.schema.yaml"))


@pytest.fixture(scope="session")
def completed(schema, set_defaults) -> Callable[[Settings], Settings]:
    """Complete a configuration as the workflow does."""
    return lambda settings: complete(settings, schema, set_defaults)


@pytest.fixture(scope="session")
def defaults(completed) -> Settings:
    return completed({})


@pytest.fixture
def changed(defaults) -> Callable[[str, Any], Settings]:
    """Return the default configuration with another value at a path such as ``world/splits/train``."""

    def change(path: str, value: Any) -> Settings:
        settings = copy.deepcopy(defaults)
        *parents, key = path.split("/")
        section = settings
        for name in parents:
            section = section[name]
        section[key] = value
        return settings

    return change
