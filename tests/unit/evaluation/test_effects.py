"""Effects of comparisons and their standard errors, by hand and against the other tables."""

import numpy as np
import pytest

from gradual_learning.evaluation.comparisons import comparisons
from gradual_learning.evaluation.effects import answer_effects, knowledge_effects
from gradual_learning.experiment import BASE
from knowledge_tables import BOOTSTRAP, by_strategy, random_answers

PAIRS = [[BASE, "x"], ["x", "y"]]


def test_accuracy_and_forgetting_agree_with_the_comparisons():
    categories, answers = random_answers(seeds=3)
    correct = by_strategy(answers)
    effects = answer_effects(categories, correct, PAIRS, BOOTSTRAP).set_index(["measure", "strategy"])
    table = comparisons(categories, correct, PAIRS, BOOTSTRAP).set_index(["category", "strategy"])
    for strategy in ("x", "y"):
        full, highly_known = table.loc["Full", strategy], table.loc["HighlyKnown", strategy]
        row, forgotten = effects.loc["accuracy", strategy], effects.loc["forgetting", strategy]
        assert row[["effect", "low", "high"]].tolist() == full[["difference", "low", "high"]].tolist()
        assert row["questions"] == full["questions"] and row["seeds"] == full["seeds"] == 3
        assert forgotten["effect"] == -highly_known["difference"]
        assert (forgotten["low"], forgotten["high"]) == pytest.approx((-highly_known["high"], -highly_known["low"]))


def test_standard_errors_by_hand():
    """A seed that answers all questions and one that answers none differ by 1, so their mean has the error 1/2."""
    categories = np.eye(4, dtype=np.int8)[np.zeros(50, int)]
    seeds = np.stack([np.ones(50, bool), np.zeros(50, bool)], axis=1)
    none = np.zeros((50, 1), bool)
    row = answer_effects(categories, {BASE: none, "x": seeds}, [[BASE, "x"]], BOOTSTRAP).iloc[0]
    assert row["effect"] == 0.5 and row["seed_error"] == pytest.approx(0.5) and row["question_error"] == 0
    half = np.arange(50)[:, None] % 2 == 0
    row = answer_effects(categories, {BASE: none, "x": half}, [[BASE, "x"]], BOOTSTRAP).iloc[0]
    assert row["seed_error"] == 0 and row["question_error"] == pytest.approx(np.sqrt(0.25 / 50), rel=0.15)


def test_knowledge_is_the_logarithm_of_a_ratio():
    base, first = (np.repeat([1, 0], [count, 400 - count])[:, None] for count in (100, 150))
    known = {BASE: base, "x": np.hstack([first, first])}
    (row,) = knowledge_effects("train", known, [*PAIRS, ["y", "x"]], BOOTSTRAP).to_dict("records")
    assert row["measure"] == "knowledge_train" and row["strategy"] == "x", "y is not labeled"
    assert row["effect"] == pytest.approx(np.log(1.5)) and row["low"] < row["effect"] < row["high"]
    assert row["seed_error"] == 0 and row["question_error"] > 0


def test_knowledge_without_highly_known_questions_is_undefined():
    known = {BASE: np.zeros((10, 1), int), "x": np.ones((10, 1), int)}
    row = knowledge_effects("heldout", known, [[BASE, "x"]], BOOTSTRAP).iloc[0]
    assert row[["effect", "low", "high", "seed_error", "question_error"]].isna().all()
