"""Accuracy by relation: it adds up to the full accuracy, as that by category does."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.measures import metrics, runs
from gradual_learning.measures.relations import relations
from gradual_learning.measures.statistics import Bootstrap
from gradual_learning.records import CATEGORIES

BOOTSTRAP = Bootstrap(draws=300, confidence=0.95, seed=1)


@pytest.fixture(scope="module")
def case():
    generator = np.random.default_rng(3)
    names = pd.Series(generator.choice(["employer", "birthplace", "university"], 300, p=[0.6, 0.3, 0.1]))
    member = np.eye(4, dtype=np.int8)[generator.choice(4, 300)]
    answers = {runs.BASE: generator.random((300, 1)) < 0.3}
    answers |= {name: generator.random((300, 3)) < share for name, share in (("x", 0.4), ("y", 0.6))}
    return names, member, answers


def test_full_accuracy_is_the_question_weighted_mean_of_relations_and_of_categories(case):
    names, member, answers = case
    by_relation = relations(names, answers, BOOTSTRAP)
    by_category = metrics.accuracy(member, {(name, "best"): right for name, right in answers.items()}, BOOTSTRAP)
    for name, right in answers.items():
        parts = by_relation[by_relation["strategy"] == name]
        assert parts["questions"].sum() == 300
        assert np.average(parts["accuracy"], weights=parts["questions"]) == pytest.approx(right.mean())
        kinds = by_category[(by_category["strategy"] == name) & by_category["category"].isin(CATEGORIES)]
        assert np.average(kinds["accuracy"], weights=kinds["questions"]) == pytest.approx(right.mean())


def test_a_relation_alone_gives_its_rows(case):
    names, _, answers = case
    table = relations(names, answers, BOOTSTRAP).set_index(["strategy", "relation"])
    inside = (names == "university").to_numpy()
    row = table.loc["x", "university"]
    assert row["questions"] == inside.sum() and row["seeds"] == 3
    assert row["accuracy"] == pytest.approx(answers["x"][inside].mean())
    assert row["difference"] == pytest.approx(answers["x"][inside].mean() - answers[runs.BASE][inside].mean())
    assert row["low"] < row["accuracy"] < row["high"] and row["diff_low"] < row["difference"] < row["diff_high"]


def test_the_base_model_is_not_compared_with_itself(case):
    names, _, answers = case
    table = relations(names, answers, BOOTSTRAP)
    own = table["strategy"] == runs.BASE
    assert table.loc[own, ["difference", "diff_low", "diff_high"]].isna().all(axis=None)
    assert table[~own].notna().all(axis=None)
