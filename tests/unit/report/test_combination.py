"""The sentences about several runs change with the numbers."""

import numpy as np
import pandas as pd
import pytest

import example_tables
from gradual_learning.evaluation.table_values import POOLED
from gradual_learning.report import combination


def row(low, high, prediction_low, prediction_high, measure="accuracy"):
    values = {
        "measure": measure,
        "baseline": "one_stage",
        "strategy": "two_stage",
        "runs": 8,
        "effect": (low + high) / 2,
    }
    bounds = {"low": low, "high": high, "prediction_low": prediction_low, "prediction_high": prediction_high}
    return pd.Series(values | bounds)


EXPECTED = {
    "to be expected of a new base model too": (0.004, 0.016, 0.001, 0.019),
    "better on average, but a new base model may show no difference or the opposite": (0.004, 0.016, -0.003, 0.023),
    "no significant difference on average": (-0.004, 0.016, -0.013, 0.033),
    "worse on average, and to be expected of a new base model too": (-0.02, -0.01, -0.03, -0.005),
    "no difference at all": (0, 0, 0, 0),
}


@pytest.mark.parametrize("words", EXPECTED)
def test_a_sentence_follows_from_both_intervals(words):
    text = combination.sentence(row(*EXPECTED[words]))
    assert words in text
    others = [other for other in EXPECTED if other != words and other not in words and words not in other]
    assert not any(other in text for other in others)


def test_a_sentence_states_the_numbers():
    assert combination.sentence(row(0.004, 0.016, -0.003, 0.023)) == (
        "`two_stage` against `one_stage`: +1.0 points [+0.4, +1.6] over 8 runs, better on average, but a new base model"
        " may show no difference or the opposite; a new base model: -0.3 to +2.3 points."
    )


def test_less_forgetting_is_better():
    assert "better on average" in combination.sentence(row(-0.02, -0.01, -0.03, -0.005, "forgetting"))
    assert "worse on average" in combination.sentence(row(0.01, 0.02, 0.005, 0.03, "forgetting"))


def test_an_effect_that_was_not_combined_is_named():
    text = combination.sentence(row(np.nan, np.nan, np.nan, np.nan).replace(8, 1))
    assert text == "`two_stage` against `one_stage`: not combined, since 1 run(s) define the effect."


def test_summary_names_runs_differences_and_sources_of_variation():
    table = example_tables.combined(["one_stage"], ["alpha", "beta"])
    table["differs"] = table["differs"].astype(object)
    table.loc[table["run"] == "beta", "differs"] = "training.prompt X instead of Y"
    table.loc[table["run"] == "beta", "seeds"] = 1
    text = combination.body(table, 0.9)
    assert text.startswith("2 runs are combined by a random-effects model: `alpha` and `beta`.") and "90 %" in text
    assert "| Test accuracy | `one_stage` against the base model | 1.0 [0.0, 2.0] | 0.3 | 0.2 | 40 % |" in text
    assert "`beta` differs from `alpha` in training.prompt X instead of Y." in text
    assert "One seed in `beta`" in text and "2 runs are few" in text
    table["seeds"] = 1
    assert "Every run has one seed" in combination.body(table, 0.9)
    table.loc[table["run"] == POOLED, "tau"] = 0.025
    assert "| 2.5 [0.0, 2.0] |" in combination.body(table, 0.9)
