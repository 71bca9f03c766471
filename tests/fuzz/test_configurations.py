"""Configurations made from the schema and from the shipped ones: completed, or refused with the keys that are wrong."""

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from fuzzing import ANYTHING, changed, changed_json, is_read, limited
from gradual_learning.configuration.check import complete
from gradual_learning.configuration.duplicate_keys import duplicate_keys
from gradual_learning.experiment import Experiment, selection

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = ROOT / "rules/schemas/config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
FILES = [ROOT / "config.yaml", ROOT / "tests/e2e/tiny.yaml", *sorted(ROOT.glob("experiments/*.yaml"))]


def following(part: dict[str, Any]) -> SearchStrategy:
    """Return a strategy for the values that follow a part of the schema."""
    if "$ref" in part:
        return following(SCHEMA["$defs"][part["$ref"].rpartition("/")[2]])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds = part.get("type", "object")
    makers = {
        "object": _objects,
        "array": _lists,
        "string": _texts,
        "integer": lambda it: st.integers(it.get("minimum", 0), it.get("maximum", 1 << 20)),
        "number": _numbers,
        "boolean": lambda _: st.booleans(),
        "null": lambda _: st.none(),
    }
    return st.one_of([makers[kind](part) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def _objects(part: dict[str, Any]) -> SearchStrategy:
    optional = {key: following(inner) for key, inner in part.get("properties", {}).items()}
    if optional:
        return st.fixed_dictionaries({}, optional=optional)
    keys = following({"type": "string", **part.get("propertyNames", {})})
    values = following(part.get("additionalProperties", {"type": ["integer", "string"]}))
    return st.dictionaries(keys, values, max_size=3)


def _lists(part: dict[str, Any]) -> SearchStrategy:
    low = part.get("minItems", 0)
    unique = json.dumps if part.get("uniqueItems") else None
    return st.lists(
        following(part["items"]), min_size=low, max_size=min(part.get("maxItems", 4), low + 4), unique_by=unique
    )


def _texts(part: dict[str, Any]) -> SearchStrategy:
    if "pattern" in part:
        return st.from_regex(part["pattern"])
    return st.text(min_size=part.get("minLength", 0), max_size=12)


def _numbers(part: dict[str, Any]) -> SearchStrategy:
    low, high = (
        part.get(key, part.get(f"exclusive{key.title()}", edge)) for key, edge in (("minimum", 0), ("maximum", 9))
    )
    return st.floats(low, max(high, low))


def completed(settings: Any) -> bool:
    """Complete a configuration and build its graph, as the rules do; return whether it is accepted."""
    found: dict[str, Any] = {}

    def call() -> None:
        found.update(complete(settings, SCHEMA, lambda it: validate(it, str(SCHEMA_FILE))))

    if not is_read(call, "the configuration"):
        return False
    jsonschema.validate(found, SCHEMA)
    experiment = Experiment.from_config(found)
    for checkpoint in experiment.trained_checkpoints():
        stage = experiment.stage(checkpoint)
        assert math.isfinite(experiment.learning_rate(stage))
        assert experiment.training_settings(stage) and selection(stage)
        experiment.sibling(checkpoint), experiment.matched_selection(stage)
    experiment.replay_sweep(), experiment.relabeled_checkpoints(), experiment.ranked_checkpoints()
    json.dumps(found, allow_nan=False)
    return True


def test_a_configuration_that_follows_the_schema(fuzz):
    fuzz("configurations", 0.3, following(SCHEMA), completed, few=10)


def test_a_configuration_with_wrong_values(fuzz):
    values = st.one_of(
        ANYTHING, st.dates(), st.binary(max_size=3), st.dictionaries(st.integers(), st.none(), max_size=1)
    )
    originals = st.sampled_from([yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES])
    fuzz("configurations", 0.5, originals.flatmap(lambda it: changed_json(it, values)), completed, few=10)


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_a_changed_configuration_file(fuzz, scratch, ending):
    file = scratch / f"mine.{ending}"
    texts = [path.read_bytes() for path in FILES]
    if ending == "json":
        texts = [json.dumps(yaml.safe_load(text), indent=1).encode() for text in texts]

    def check(content: bytes) -> bool:
        file.write_bytes(content)
        try:
            settings = load_configfile(str(file))
        except (WorkflowError, UnicodeDecodeError):  # Snakemake reads the file first
            return False
        with limited():
            repeated = list(duplicate_keys(file))
        return not repeated and completed(settings)

    fuzz(
        "configurations",
        0.1,
        changed(texts, [b"- ", b": ", b"&a", b"*a", b"!!python/object:os.system", b"\t"]),
        check,
        few=10,
    )
