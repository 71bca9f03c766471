"""SliCK: the four categories partition the questions and follow their definitions."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gradual_learning.answers import Judge
from gradual_learning.categories import categorize, label
from gradual_learning.records import CATEGORIES, UserError


def questions(ids):
    return pd.DataFrame({"id": ids, "relation": "r", "answers": [["right"]] * len(ids)})


def answers(rows):
    return pd.DataFrame(rows, columns=["id", "prompt", "greedy", "samples"])


def test_definitions():
    table = categorize(
        answers(
            [
                ("a", 0, "right", []),
                ("a", 1, "The right!", []),
                ("b", 0, "right", []),
                ("b", 1, "wrong", []),
                ("c", 0, "wrong", ["wrong", "right"]),
                ("c", 1, "wrong", []),
                ("d", 0, "wrong", ["wrong", "wrong"]),
                ("d", 1, "", ["", "wrong"]),
            ]
        ),
        questions(["a", "b", "c", "d"]),
        Judge(),
    ).set_index("id")
    assert table["category"].tolist() == CATEGORIES
    assert table["p0"].tolist() == [1, 0.5, 0, 0]
    assert table.loc["c", "ps"] == 0.5 and np.isnan(table.loc["a", "ps"])
    assert table["sampled_drawn"].tolist() == [0, 0, 2, 4]


def test_every_combination_falls_into_exactly_one_category():
    for p0, hit in itertools.product([0.0, 0.1, 0.9, 1.0], [False, True]):
        name = label(np.array([p0]), np.array([hit]))[0]
        expected = "HighlyKnown" if p0 == 1 else "MaybeKnown" if p0 > 0 else "WeaklyKnown" if hit else "Unknown"
        assert name == expected


def test_order_of_the_answers_does_not_matter():
    rng = np.random.default_rng(0)
    rows = [
        (f"q{q}", p, rng.choice(["right", "wrong"]), list(rng.choice(["right", "wrong"], 3)))
        for q in range(30)
        for p in range(4)
    ]
    shuffled = [rows[place] for place in rng.permutation(len(rows))]
    table = questions([f"q{q}" for q in range(30)])
    pd.testing.assert_frame_equal(
        categorize(answers(rows), table, Judge()), categorize(answers(shuffled), table, Judge())
    )


def test_overlapping_shards_and_answers_or_questions_without_partner_are_refused():
    with pytest.raises(UserError, match="answered twice"):
        categorize(answers([("a", 0, "x", []), ("a", 0, "x", [])]), questions(["a"]), Judge())
    for asked in (["a"], ["a", "b", "z"]):
        with pytest.raises(UserError, match="have no partner"):
            categorize(answers([("a", 0, "x", []), ("b", 0, "x", [])]), questions(asked), Judge())
