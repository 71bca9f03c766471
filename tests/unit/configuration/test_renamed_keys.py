"""A key or a value of an older version is answered with its name of today, wherever it is used."""

import pytest

from gradual_learning.configuration.renamed_keys import RENAMED, RENAMED_VALUES, rename
from gradual_learning.configuration.schema import schema_faults
from gradual_learning.jobs.errors import UserError


def part_of(schema, key):
    """Return the schema of a dotted key, in which * is any name, or None where there is none."""
    for name in key.split("."):
        schema = schema["additionalProperties"] if name == "*" else schema["properties"].get(name)
        if schema is None:
            return None
    return schema


def nested(key, value):
    for name in reversed(key.replace("*", "mine").split(".")):
        value = {name: value}
    return value


@pytest.mark.parametrize("old", RENAMED)
def test_only_the_new_key_exists(schema, old):
    assert part_of(schema, old) is None and part_of(schema, RENAMED[old]) is not None


@pytest.mark.parametrize("key", RENAMED_VALUES)
def test_only_the_new_values_exist(schema, key):
    known = part_of(schema, key)["enum"]
    for old, new in RENAMED_VALUES[key].items():
        assert old not in known and new in known


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_key_is_answered_with_the_new_one_and_replaced(schema, old):
    new = RENAMED[old].replace("*", "mine")
    value = part_of(schema, RENAMED[old])["default"]
    settings = nested(old, value)
    assert rename(settings) == [f"`{old.replace('*', 'mine')}` is now `{new}`"]
    assert list(schema_faults(settings, schema)) == []
    section = settings
    for name in new.split("."):
        section = section[name]
    assert section == value


@pytest.mark.parametrize(("section", "place"), [("training", "training"), ("stages.*", "stages.mine")])
def test_old_values_are_answered_with_the_new_ones(section, place):
    both = nested(f"{section}.schedule", "constant")
    assert rename(both) == [
        f"`{place}.schedule` is now `{place}.lr_scheduler_type`, and its value constant is now constant_with_warmup"
    ]
    value = nested(f"{section}.lr_scheduler_type", "constant")
    assert rename(value) == [f"`{place}.lr_scheduler_type`: the value constant is now constant_with_warmup"]
    assert both == value == nested(f"{section}.lr_scheduler_type", "constant_with_warmup")


def test_an_old_key_has_no_further_consequences(completed, defaults):
    old = {
        "training": {"patience": 3, "parallel": {"accumulation": 2}},
        "stages": {"first": {"train_on": {"now": ["MaybeKnown"]}, "steps_as": "gradual"}},
        "strategies": {"mine": ["first"]},
        "evaluation": defaults["evaluation"] | {"arms": {"Unknown": "mine"}},
    }
    with pytest.raises(UserError) as caught:
        completed({"stages": defaults["stages"] | old.pop("stages"), **old, "comparisons": [["base", "mine"]]})
    heading, *faults = str(caught.value).split("\n  - ")
    assert heading == "the configuration has 5 faults:"
    assert sorted(faults) == [
        "`evaluation.arms` is now `evaluation.category_ranking`",
        "`stages.first.steps_as` is now `stages.first.match_steps_of`",
        "`stages.first.train_on.now` is now `stages.first.train_on.current`",
        "`training.parallel.accumulation` is now `training.gradient_accumulation_steps`",
        "`training.patience` is now `training.early_stopping_patience`",
    ]


def test_the_value_of_an_old_key_is_checked_under_its_new_name(completed):
    with pytest.raises(UserError, match=r"`training\.early_stopping_patience`: 0 is less than the minimum of 1"):
        completed({"training": {"patience": 0}})


@pytest.mark.parametrize("settings", [{"training": 3}, {"stages": ["a"]}, {"stages": {"a": 3}}, {"data": None}])
def test_sections_of_the_wrong_type_are_left_to_the_schema(settings):
    assert rename(settings) == []
