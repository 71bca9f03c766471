"""SliCK: the four categories partition the questions and follow their definitions."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.knowledge.slick import assign_categories, categorize
from gradual_learning.tables.schemas import CATEGORIES


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
        AnswerMatcher(),
    ).set_index("id")
    assert table["category"].tolist() == CATEGORIES
    assert table["p_greedy"].tolist() == [1, 0.5, 0, 0]
    assert table.loc["c", "p_sampled"] == 0.5 and np.isnan(table.loc["a", "p_sampled"])
    assert table["sampled_drawn"].tolist() == [0, 0, 2, 4]


def test_each_combination_has_exactly_one_category():
    cases = list(itertools.product([0.0, 0.1, 0.9, 1.0], [False, True]))
    p_greedy, sampled = map(np.array, zip(*cases, strict=True))
    expected = ["Unknown", "WeaklyKnown", *["MaybeKnown"] * 4, *["HighlyKnown"] * 2]
    assert assign_categories(p_greedy, sampled).tolist() == expected


def test_dropped_sample_counts_as_wrong():
    table = categorize(answers([("a", 0, "wrong", [None, "right", None])]), questions(["a"]), AnswerMatcher())
    assert table[["sampled_correct", "sampled_drawn", "category"]].values.tolist() == [[1, 3, "WeaklyKnown"]]


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
        categorize(answers(rows), table, AnswerMatcher()), categorize(answers(shuffled), table, AnswerMatcher())
    )


def test_overlapping_shards_are_rejected():
    with pytest.raises(UserError, match="1 prompts are answered twice: the shards overlap"):
        categorize(answers([("a", 0, "x", []), ("a", 0, "x", [])]), questions(["a"]), AnswerMatcher())


@pytest.mark.parametrize("ids", [["a"], ["a", "b", "z"]])
def test_answers_to_other_questions_are_rejected(ids):
    with pytest.raises(UserError, match="have no answers or are not in this split"):
        categorize(answers([("a", 0, "x", []), ("b", 0, "x", [])]), questions(ids), AnswerMatcher())
