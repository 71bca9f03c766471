"""Accuracy by relation: like the accuracy by category, it averages to the full accuracy."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.evaluation.accuracy import accuracy
from gradual_learning.evaluation.relations import relations
from gradual_learning.experiment import BASE
from gradual_learning.tables.schemas import CATEGORIES
from knowledge_tables import BOOTSTRAP


@pytest.fixture(scope="module")
def case():
    generator = np.random.default_rng(3)
    names = pd.Series(generator.choice(["employer", "birthplace", "university"], 300, p=[0.6, 0.3, 0.1]))
    categories = np.eye(4, dtype=np.int8)[generator.choice(4, 300)]
    answers = {BASE: generator.random((300, 1)) < 0.3}
    answers |= {name: generator.random((300, 3)) < share for name, share in (("x", 0.4), ("y", 0.6))}
    return names, categories, answers


def test_full_accuracy_is_the_question_weighted_mean_of_relations_and_of_categories(case):
    names, categories, answers = case
    by_relation = relations(names, answers, BOOTSTRAP)
    by_category = accuracy(categories, {(name, "best"): correct for name, correct in answers.items()}, BOOTSTRAP)
    for name, correct in answers.items():
        parts = by_relation[by_relation["strategy"] == name]
        assert parts["questions"].sum() == 300
        assert np.average(parts["accuracy"], weights=parts["questions"]) == pytest.approx(correct.mean())
        groups = by_category[(by_category["strategy"] == name) & by_category["category"].isin(CATEGORIES)]
        assert np.average(groups["accuracy"], weights=groups["questions"]) == pytest.approx(correct.mean())


def test_the_rows_of_a_relation_follow_from_its_questions(case):
    names, _, answers = case
    table = relations(names, answers, BOOTSTRAP).set_index(["strategy", "relation"])
    inside = (names == "university").to_numpy()
    row = table.loc["x", "university"]
    assert row["questions"] == inside.sum() and row["seeds"] == 3
    assert row["accuracy"] == pytest.approx(answers["x"][inside].mean())
    assert row["difference"] == pytest.approx(answers["x"][inside].mean() - answers[BASE][inside].mean())
    assert row["low"] < row["accuracy"] < row["high"]
    assert row["difference_low"] < row["difference"] < row["difference_high"]


def test_the_base_model_is_not_compared_with_itself(case):
    names, _, answers = case
    table = relations(names, answers, BOOTSTRAP)
    own = table["strategy"] == BASE
    assert table.loc[own, ["difference", "difference_low", "difference_high"]].isna().all(axis=None)
    assert table[~own].notna().all(axis=None)
