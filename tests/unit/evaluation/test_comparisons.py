"""Comparisons of strategies: differences, intervals, McNemar's test and detectable effects."""

import numpy as np
import pytest

from gradual_learning.evaluation.comparisons import comparisons
from gradual_learning.evaluation.statistics import holm_adjust
from gradual_learning.experiment import BASE
from knowledge_tables import BOOTSTRAP, HIGHLY, MAYBE, by_strategy, random_answers


def test_comparison_by_hand():
    categories = np.eye(4, dtype=np.int8)[[0, 0, 1, 1]]
    before = np.array([[1, 1], [1, 0], [0, 0], [0, 0]], dtype=bool)
    after = np.array([[1, 1], [0, 0], [1, 1], [1, 0]], dtype=bool)
    table = comparisons(categories, {"p": before, "q": after}, [["p", "q"]], BOOTSTRAP).set_index("category")
    assert table.loc["Full", ["gained", "lost"]].tolist() == [3, 1]
    assert table.loc["Full", "difference"] == pytest.approx((3 - 1) / 8)
    assert table.loc["Full", ["worst_seed", "best_seed"]].tolist() == [0.25, 0.25]
    assert table.loc[MAYBE, ["worst_seed", "best_seed"]].tolist() == [0.5, 1]
    assert table.loc[HIGHLY, "difference"] == pytest.approx(-1 / 4)


def test_equal_answers_have_no_difference():
    categories, answers = random_answers()
    correct = answers["x", "best"]
    table = comparisons(categories, {"x": correct, "same": correct.copy()}, [["x", "same"]], BOOTSTRAP)
    assert (table[["difference", "low", "high", "gained", "lost"]] == 0).all(axis=None)
    assert (table["mcnemar_p"] == 1).all() and table["mde"].isna().all()


def test_p_values_of_the_full_accuracies_are_adjusted_for_their_number():
    categories, answers = random_answers(seeds=3)
    pairs = [[BASE, "x"], [BASE, "y"], ["x", "y"]]
    table = comparisons(categories, by_strategy(answers), pairs, BOOTSTRAP)
    full = table["category"] == "Full"
    assert table.loc[~full, "adjusted_p"].isna().all()
    assert table.loc[full, "adjusted_p"].tolist() == holm_adjust(table.loc[full, "mcnemar_p"]).tolist()
    assert table.loc[full, "adjusted_p"].tolist() != table.loc[full, "mcnemar_p"].tolist()
    alone = comparisons(categories, by_strategy(answers), pairs[:1], BOOTSTRAP).iloc[0]
    assert alone["adjusted_p"] == alone["mcnemar_p"]


def test_more_questions_detect_smaller_effects():
    effects = []
    for questions in (100, 6400):
        categories, answers = random_answers(questions, seeds=5)
        table = comparisons(categories, by_strategy(answers), [["x", "y"]], BOOTSTRAP)
        assert (table["mde"] > (table["high"] - table["low"]) / 2).all()
        effects.append(table.loc[0, "mde"])
    assert effects[1] < effects[0] / 2


def test_pairing_narrows_the_interval():
    generator = np.random.default_rng(2)
    before = generator.random((400, 1)) < 0.5
    after = before | (generator.random((400, 1)) < 0.05)
    categories = np.eye(4, dtype=np.int8)[np.zeros(400, int)]
    row = comparisons(categories, {"b": before, "a": after}, [["b", "a"]], BOOTSTRAP).iloc[0]
    assert row["low"] > 0 and row["high"] - row["low"] < 0.05


def test_the_base_model_is_compared_with_every_seed():
    categories, answers = random_answers(seeds=3)
    named = by_strategy(answers)
    row = comparisons(categories, named, [[BASE, "x"]], BOOTSTRAP).iloc[0]
    assert row["seeds"] == 3
    assert row["difference"] == pytest.approx(named["x"].mean() - named[BASE].mean())
