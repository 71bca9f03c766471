"""Accuracy in full and by category, zero-shot and few-shot."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.evaluation.accuracy import (
    accuracy,
    check_weighted_mean,
    containment,
    contains_accepted,
    few_shot_accuracy,
)
from gradual_learning.evaluation.checkpoints import category_indicators
from knowledge_tables import BOOTSTRAP, HIGHLY, MAYBE, UNKNOWN, WEAKLY, ids, knowledge, random_answers, write_and_read

KEY = ["strategy", "epoch", "category"]


def test_full_accuracy_is_the_weighted_mean_of_the_categories():
    categories, answers = random_answers()
    table = accuracy(categories, answers, BOOTSTRAP)
    full = table[table["category"] == "Full"].set_index("strategy")["accuracy"]
    for (strategy, _), correct in answers.items():
        parts = table[(table["strategy"] == strategy) & (table["category"] != "Full")]
        assert full[strategy] == pytest.approx(correct.mean())
        assert full[strategy] == pytest.approx(np.average(parts["accuracy"], weights=parts["questions"]))
    assert (table["low"] <= table["accuracy"]).all() and (table["accuracy"] <= table["high"]).all()


def test_an_answer_contains_an_accepted_one_as_whole_words():
    answers = pd.DataFrame({"id": ids(3), "answer": ["It is Paris.", "Parisian", "nobody"]})
    accepted = {question: ["Paris", "Lutetia"] for question in ids(3)}
    assert contains_accepted(answers, accepted).tolist() == [True, False, False]


def test_containment_has_the_rows_of_accuracy():
    categories, answers = random_answers()
    table = accuracy(categories, answers, BOOTSTRAP)
    assert containment(categories, answers) == pytest.approx(table["accuracy"].tolist())


def test_few_shot_accuracy_is_the_mean_of_p_greedy(tmp_path):
    known = write_and_read(knowledge([HIGHLY, MAYBE, WEAKLY, UNKNOWN] * 20), tmp_path / "known.parquet")
    table = few_shot_accuracy(known, category_indicators(known), BOOTSTRAP)
    assert set(table["epoch"]) == {"few-shot"} and table["questions"].tolist() == [80, 20, 20, 20, 20]
    found = table.set_index("category")["accuracy"]
    assert found["Full"] == pytest.approx(known["p_greedy"].mean())
    assert found[[HIGHLY, MAYBE, WEAKLY, UNKNOWN]].tolist() == pytest.approx([1, 0.5, 0, 0])
    check_weighted_mean(table)


def test_a_question_without_category_fails_the_check():
    categories, answers = random_answers()
    categories[5] = 0
    with pytest.raises(ValueError, match="full accuracy"):
        accuracy(categories, answers, BOOTSTRAP)


def test_the_check_finds_a_wrong_number():
    categories, answers = random_answers()
    table = accuracy(categories, answers, BOOTSTRAP)
    check_weighted_mean(table)
    table.loc[2, "accuracy"] += 0.01
    with pytest.raises(ValueError, match="four categories"):
        check_weighted_mean(table)


def test_a_category_without_questions_has_no_accuracy():
    categories, answers = random_answers()
    categories[:, 2] |= categories[:, 3]
    categories[:, 3] = 0
    table = accuracy(categories, answers, BOOTSTRAP)
    empty = table["category"] == UNKNOWN
    assert (table.loc[empty, "questions"] == 0).all()
    assert table.loc[empty, ["accuracy", "low", "high"]].isna().all(axis=None)
    assert table.loc[~empty, ["accuracy", "low", "high"]].notna().all(axis=None)


def test_a_strategy_has_the_same_row_alone_and_in_any_order():
    categories, answers = random_answers()
    table = accuracy(categories, answers, BOOTSTRAP).set_index(KEY)
    reverse = accuracy(categories, dict(reversed(answers.items())), BOOTSTRAP).set_index(KEY)
    pd.testing.assert_frame_equal(table, reverse.loc[table.index], check_exact=True)
    alone = accuracy(categories, {("x", "best"): answers["x", "best"]}, BOOTSTRAP).set_index(KEY)
    pd.testing.assert_frame_equal(alone, table.loc[alone.index], check_exact=True)
