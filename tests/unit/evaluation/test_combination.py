"""Runs are combined measure by measure, and refused where they cannot be compared."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml
from snakemake.utils import validate

from gradual_learning.configuration.check import complete
from gradual_learning.configuration.replicates import run_names
from gradual_learning.evaluation.combination import combination
from gradual_learning.evaluation.effects import COLUMNS
from gradual_learning.evaluation.meta_analysis import pool
from gradual_learning.evaluation.runs import Run, require_combinable
from gradual_learning.evaluation.table_values import POOLED
from gradual_learning.jobs.errors import UserError

PAIRS = [["base", "one_stage"], ["one_stage", "two_stage"]]
VERSION = {"version": "1", "code": "abc"}


@pytest.fixture(scope="module")
def config(root):
    path = root / "rules/schemas/config.schema.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    return complete({}, schema, lambda settings: validate(settings, str(path)))


def effects(value, pairs=PAIRS, seeds=2, seed_error=0.01, question_error=0.02):
    rows = [
        (measure, *pair, 100, seeds, value, value - 0.1, value + 0.1, seed_error, question_error)
        for measure in ("accuracy", "knowledge_train")
        for pair in pairs
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def runs(config):
    """Three worlds with different effects."""
    made = []
    for number, value in enumerate((0.01, 0.02, 0.06)):
        own = copy.deepcopy(config)
        own["world"]["seed"] = number
        made.append(Run(f"world_{number}", f"folder/world_{number}", VERSION, own, effects(value)))
    return made


def combined(runs, pairs=PAIRS):
    table = combination(runs, pairs, 0.95, require_combinable(runs, pairs, []))
    return table.set_index(["measure", "strategy", "run"])


def test_a_row_for_each_run_and_one_for_all(runs):
    table = combined(runs)
    expected = pool(np.array([0.01, 0.02, 0.06]), np.full(3, np.hypot(0.01, 0.02)), 0.95)
    row = table.loc["accuracy", "two_stage", POOLED]
    assert row[["effect", "low", "high"]].tolist() == [expected.estimate, expected.low, expected.high]
    assert row[["prediction_low", "tau"]].tolist() == [expected.prediction_low, expected.tau] and row["runs"] == 3
    assert row[["seed_error", "question_error"]].tolist() == pytest.approx([0.01, 0.02])
    assert table.loc["accuracy", "two_stage"]["effect"].tolist()[:3] == [0.01, 0.02, 0.06]
    relative = table.loc["knowledge_train", "two_stage", POOLED]
    assert relative["effect"] == pytest.approx(np.expm1(expected.estimate)), "estimated as a logarithm"
    assert relative["low"] == pytest.approx(np.expm1(expected.low)) and relative["tau"] == expected.tau


def replaced(run, table):
    return Run(run.name, run.folder, run.version, run.config, table)


def test_variance_between_seeds_is_that_of_all_runs(runs):
    """Two seeds may agree by chance: such a run gets no greater weight, and neither does a run of one seed."""
    values = [{"seed_error": 0.0}, {"seed_error": 0.03}, {"seed_error": 0.0, "seeds": 1}]
    changed = [replaced(run, effects(0.01, **own)) for run, own in zip(runs, values, strict=True)]
    rows = combined(changed).loc["accuracy", "two_stage"].iloc[:3]
    single = (0.0**2 * 2 + 0.03**2 * 2) / 2  # of one seed, by one degree of freedom each
    assert rows["seed_error"].tolist() == pytest.approx([np.sqrt(single / 2), np.sqrt(single / 2), np.sqrt(single)])
    assert rows["weight"].iloc[0] == pytest.approx(rows["weight"].iloc[1]) and rows["weight"].iloc[2] < 1 / 3


def test_a_run_in_which_strategies_never_differ_does_not_outweigh_the_others(runs):
    changed = [*runs[:2], replaced(runs[2], effects(0.0, seed_error=0.0, question_error=0.0))]
    assert combined(changed).loc["accuracy", "two_stage", "world_2"]["weight"] <= 0.34


def test_an_effect_that_is_undefined_in_one_run_is_combined_without_it(runs):
    table = effects(0.03)
    table.loc[table["measure"] == "accuracy", ["effect", "seed_error", "question_error"]] = np.nan
    row = combined([*runs[:2], replaced(runs[2], table)]).loc["accuracy", "two_stage"]
    assert row.loc[POOLED, "runs"] == 2 and row.loc[POOLED, "effect"] == pytest.approx(0.015)
    alone = [runs[0], *(replaced(run, table) for run in runs[1:])]
    assert np.isnan(combined(alone).loc["accuracy", "two_stage", POOLED]["effect"])


CHANGES = {
    "strategies": ("stages", "gradual", "train_on", {"current": ["Unknown"], "at_base": [], "balanced": False}),
    "training": ("training", "learning_rate", 0.1),
    "answers": ("data", "answer_match", "contains"),
}


def refused(runs, allowed=()):
    with pytest.raises(UserError) as error:
        require_combinable(runs, PAIRS, list(allowed))
    return str(error.value)


@pytest.mark.parametrize("key", ["shuffle_answers", "train_on"])
def test_a_run_whose_stages_lack_a_key_of_this_version_is_named(runs, key):
    for stage in runs[1].config["stages"].values():
        del stage[key]
    assert refused(runs) == f"folder/world_1: the recorded configuration lacks '{key}'. Rerun it with this version."


@pytest.mark.parametrize("aspect", CHANGES)
def test_a_run_with_other_settings_is_refused_by_name_or_listed(runs, aspect):
    *parents, key, value = CHANGES[aspect]
    section = runs[1].config
    for name in parents:
        section = section[name]
    section[key] = value
    message = refused(runs)
    assert f"folder/world_1: other {aspect} than folder/world_0" in message and key in message
    assert "world_2" not in message and message.count("\n  - ") == 1
    notes = require_combinable(runs, PAIRS, [aspect])
    assert notes["world_0"] == notes["world_2"] == "" and f"{key}" in notes["world_1"]


def test_settings_of_strategies_that_are_not_compared_may_differ(runs):
    runs[1].config["stages"]["gradual_replay"]["replay"]["HighlyKnown"] = 0.9
    runs[1].config["evaluation"]["heldout_questions"] = 7
    assert set(require_combinable(runs, PAIRS, []).values()) == {""}


def test_another_version_is_refused(runs):
    other = Run("world_1", "folder/world_1", {"version": "1", "code": "xyz"}, runs[1].config, runs[1].effects)
    assert "other version than folder/world_0: code xyz instead of abc" in refused([runs[0], other])


def test_the_same_model_and_questions_would_count_twice(runs):
    runs[2].config["world"]["seed"] = 1
    runs[2].config["seeds"] = [7, 8]
    assert "folder/world_2 has the same base model and questions as folder/world_1" in refused(runs)


def test_a_missing_comparison_is_named(runs):
    fewer = replaced(runs[1], effects(0.1, pairs=PAIRS[:1]))
    assert "folder/world_1: two_stage was not compared with one_stage" in refused([runs[0], fewer])


def test_runs_are_named_after_their_folders_where_that_is_unique():
    assert run_names(["a/x", "b/x", "c/y/"]) == ["a/x", "b/x", "y"]
