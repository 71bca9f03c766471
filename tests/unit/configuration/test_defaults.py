"""The default configuration: closed, described, the same in the schema and in config.yaml."""

import re

import pytest
import yaml

from gradual_learning.configuration.consistency import consistency_faults
from gradual_learning.experiment import Experiment


@pytest.fixture(scope="module")
def lines(root):
    return (root / "config.yaml").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def config_file(lines):
    return yaml.safe_load("\n".join(lines))


def parts(schema, path=()):
    """Yield the path and the schema of every key; * stands for any name."""
    yield path, schema
    for key, part in schema.get("properties", {}).items():
        yield from parts(part, (*path, key))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from parts(schema["additionalProperties"], (*path, "*"))


def commented_keys(lines):
    """Yield the path and the comment of every key of config.yaml that has a comment on its line."""
    path = []
    for line in lines:
        if found := re.fullmatch(r"( *)(\w+):(?:.*?  # (.*))?.*", line):
            path = [*path[: len(found[1]) // 2], found[2]]
            if found[3]:
                yield tuple(path), found[3]


def test_every_key_has_a_description_and_a_default(schema):
    keys = [(path, part) for path, part in parts(schema) if path and path[-1] != "*"]
    assert len(keys) > 80
    for path, part in keys:
        assert part.get("description") and "default" in part, path


def test_every_section_is_closed(schema):
    sections = [(path, part) for path, part in parts(schema) if "properties" in part]
    assert len(sections) > 10
    for path, part in sections:
        assert part["additionalProperties"] is False, path


def test_config_file_equals_the_defaults(config_file, defaults, completed):
    assert set(config_file) == set(defaults) - {"pathvars"}
    assert completed(config_file) == defaults


def test_config_file_contains_every_key(config_file, schema):
    leaves = [path for path, part in parts(schema) if path and "*" not in path and "properties" not in part]
    assert len(leaves) > 70
    for path in leaves:
        section = config_file if path[0] != "pathvars" else {"pathvars": {}}
        for key in path:
            assert key in section, path
            section = section[key]


def test_config_file_comments_are_the_descriptions(lines, schema):
    descriptions = {path: part.get("description", "") for path, part in parts(schema)}
    comments = {path: comment for path, comment in commented_keys(lines) if path[0] not in ("stages", "strategies")}
    assert len(comments) > 75
    for path, comment in comments.items():
        assert comment.endswith(".") and descriptions[path].startswith(comment), path


def test_config_file_comments_every_value(lines):
    bare = [number for number, line in enumerate(lines) if ":" in line and "#" not in line]
    uncommented = [lines[number] for number in bare if not lines[number - 1].strip().startswith("#")]
    assert not uncommented


def test_the_defaults_are_consistent(defaults):
    assert consistency_faults(defaults) == []


@pytest.mark.parametrize(("own", "expected"), [({}, 1e-4), ({"learning_rate": 3e-4}, 3e-4)])
def test_the_learning_rate_of_a_second_stage_follows_that_of_training(changed, own, expected):
    settings = changed("training/learning_rate", 2e-4)
    settings["stages"]["gradual"] |= own
    experiment = Experiment.from_config(settings)
    assert experiment.learning_rate(experiment.stage("maybe_known/seed1")) == 2e-4
    assert experiment.learning_rate(experiment.stage("maybe_known+gradual/seed1")) == expected
