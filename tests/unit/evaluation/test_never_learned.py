"""Trained questions that are still answered wrong: groups and shares worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.never_learned import (
    base_answer_groups,
    never_learned,
    question_groups,
    same_answer_counts,
)
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge.matching import AnswerMatcher
from knowledge_tables import HIGHLY, MAYBE, UNKNOWN, WEAKLY, ids, knowledge, ordered

BOOTSTRAP = Bootstrap(resamples=500, confidence_level=0.95, seed=1)
ANSWERS = [["Rome", "Roma"], ["the ROMA"], ["Port of Bern"], ["Rome"]]
QUESTIONS = pd.DataFrame({"id": ids(4), "relation": ["r", "r", "r", "s"], "answers": ANSWERS})


def members(groups):
    """List the places of the questions of each level, by factor and level."""
    return {level: np.flatnonzero(inside[:, 0]).tolist() for level, inside in groups.items()}


def test_questions_are_grouped_by_category_exposure_and_words():
    known = ordered(knowledge([MAYBE, UNKNOWN, HIGHLY, WEAKLY]))
    facts = pd.DataFrame({"id": ids(4), "exposures": [0, 4, 5, 5]})
    found = members(question_groups(known, ANSWERS, facts))
    assert found["all", "Full"] == [0, 1, 2, 3]
    assert found["category", MAYBE] == [0] and found["category", UNKNOWN] == [1]
    assert found["exposure", "0"] == [0] and found["exposure", "4-7"] == [1, 2, 3]
    assert found["answer_words", "1"] == [0, 1, 3] and found["answer_words", "3"] == [2], "without articles"
    assert not any(factor == "exposure" for factor, _ in question_groups(known, ANSWERS, None))
    with pytest.raises(UserError, match="no fact of the simulated world"):
        question_groups(known, ANSWERS, facts[:3])


@pytest.mark.parametrize(
    ("greedy", "level"),
    [
        (["Oslo", "the Oslo!", "Rome", "Rome"], "one wrong"),
        (["Oslo", "Kiel", "Rome", "Roma"], "mostly correct"),
        (["Oslo", "Kiel", "Bonn", "Rome"], "no agreement"),
        (["", "", "", "Rome"], "no agreement"),
        (["Rome", "Rome", "Rome", "Rome"], "mostly correct"),
    ],
)
def test_a_conflict_is_one_wrong_answer_under_half_of_the_prompts(greedy, level):
    few_shot = pd.DataFrame({"id": ["q"] * 4 + ["other"], "greedy": [*greedy, "Oslo"]})
    groups = base_answer_groups(few_shot, ["q"], [["Rome", "Roma"]], AnswerMatcher())
    assert [name for (_, name), inside in groups.items() if inside[0, 0]] == [level]


def test_questions_with_the_same_answer_are_counted_where_they_are_taught():
    first, second, third, other = ids(4)
    taught = [
        {first: "Roma", second: "the ROMA", other: "Rome"},
        {first: "Rome", second: "Bern", third: "Port of Bern"},
    ]
    counts = same_answer_counts(QUESTIONS, taught)
    assert counts.tolist() == [[2, 1], [2, 0], [0, 1], [1, 0]], "the second question does not accept Bern"


def test_shares_by_hand():
    known = ordered(knowledge([MAYBE, MAYBE, UNKNOWN, UNKNOWN]))
    counts = np.array([[2, 2], [2, 2], [1, 0], [0, 0]])
    correct = {
        ("s", "best"): np.array([[1, 1], [0, 1], [0, 0], [0, 0]], dtype=bool),
        ("s", "last"): np.array([[1, 1], [1, 1], [0, 0], [0, 0]], dtype=bool),
        ("none", "best"): np.zeros((4, 2), dtype=bool),
        ("none", "last"): np.zeros((4, 2), dtype=bool),
    }
    groups = question_groups(known, ANSWERS, None)
    table = never_learned(groups, {"s": counts, "none": 0 * counts}, correct, BOOTSTRAP)
    assert set(table["strategy"]) == {"s"}, "a strategy that teaches no question has no row"
    rows = table.set_index(["epoch", "factor", "level"])
    assert rows.loc[("best", "all", "Full"), ["questions", "wrong"]].tolist() == [2.5, 1 / 2.5]
    assert rows.loc[("last", "all", "Full"), "wrong"] == 0.5 / 2.5
    assert rows.loc[("best", "category", MAYBE), "wrong"] == 1 / 4
    assert rows.loc[("last", "category", UNKNOWN), ["questions", "wrong"]].tolist() == [0.5, 1]
    assert rows.loc[("best", "same_answer", "2-3"), "questions"] == 2
    assert ("best", "category", HIGHLY) not in rows.index
    certain = table.dropna()
    assert len(certain) and (certain["low"] <= certain["wrong"]).all() and (certain["wrong"] <= certain["high"]).all()


def test_intervals_cover_the_share_of_the_questions_and_seeds():
    generator = np.random.default_rng(5)
    groups = {("all", "Full"): np.ones((400, 1), dtype=bool)}
    covered = 0
    for _ in range(60):
        correct = {("s", epoch): generator.random((400, 3)) < 0.7 for epoch in ("best", "last")}
        table = never_learned(groups, {"s": np.ones((400, 3), dtype=np.int64)}, correct, BOOTSTRAP)
        covered += ((table["low"] < 0.3) & (table["high"] > 0.3)).iloc[0]
    assert covered >= 52
