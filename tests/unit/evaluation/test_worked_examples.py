"""Worked examples: which questions count as upgraded and forgotten, and that the choice depends on ids alone."""

import pandas as pd
import pytest

from gradual_learning.evaluation.worked_examples import COLUMNS, EXAMPLES, worked_examples
from knowledge_tables import HIGHLY, MAYBE, UNKNOWN

# id: p_greedy and whether the zero-shot answer is correct, before and after
QUESTIONS = {
    "b": (0, False, 0.4, True),
    "c": (0, False, 1, True),
    "d": (0, True, 1, True),
    "e": (0, False, 1, False),
    "f": (0.5, False, 1, True),
    "g": (1, True, 0.9, False),
    "h": (1, True, 1, False),
    "i": (1, True, 0, True),
    "j": (0, False, 1, True),
    "k": (0, False, 0.1, True),
    "l": (0, False, 0.2, True),
}


@pytest.fixture
def case():
    """Questions, with categories and zero-shot answers before and after."""
    ids = list(QUESTIONS)
    questions = pd.DataFrame(
        {"id": ids, "source_id": None, "relation": "r", "answers": [["right", "also right"]] * len(ids)}
    )
    return questions.assign(question=[f"What is {name}?" for name in ids]), side(ids, 0), side(ids, 2)


def side(ids, place):
    p_greedy = [QUESTIONS[name][place] for name in ids]
    correct = [QUESTIONS[name][place + 1] for name in ids]
    categories = [HIGHLY if share == 1 else MAYBE if share else UNKNOWN for share in p_greedy]
    known = pd.DataFrame({"id": ids, "p_greedy": p_greedy, "category": categories})
    answers = ["right" if hit else f"wrong {place}" for hit in correct]
    other = pd.DataFrame({"id": ["unlabeled"], "answer": ["x"], "correct": [True]})
    return known, pd.concat([pd.DataFrame({"id": ids, "answer": answers, "correct": correct}), other])


def test_upgraded_and_forgotten_by_hand(case):
    table = worked_examples(*case, trained={"j", "k"}).set_index("id")
    assert table["kind"].to_dict() == {"b": "upgraded", "c": "upgraded", "l": "upgraded", "g": "forgotten"}
    assert table.loc["b", ["category_before", "category_after"]].tolist() == [UNKNOWN, MAYBE]
    assert table.loc["b", ["zero_shot_before", "zero_shot_after"]].tolist() == ["wrong 0", "right"]
    assert table.loc["g", ["p_greedy_before", "p_greedy_after"]].tolist() == [1, 0.9]
    assert table.loc["g", ["question", "accepted"]].tolist() == ["What is g?", "right | also right"]


def test_the_first_by_id_are_taken_in_any_order_of_the_rows(case):
    expected = worked_examples(*case, trained=set())
    assert EXAMPLES == 3 and expected["id"].tolist() == ["b", "c", "j", "g"], "k and l are upgraded too"
    questions, before, after = case
    reverse = [tuple(frame.iloc[::-1] for frame in pair) for pair in (before, after)]
    pd.testing.assert_frame_equal(expected, worked_examples(questions.iloc[::-1], *reverse, trained=set()))


def test_without_transitions_the_table_is_empty_with_its_columns(case):
    questions, before, _ = case
    table = worked_examples(questions, before, before, trained=set())
    assert table.empty and table.columns.tolist() == COLUMNS


def test_the_ids_of_the_user_follow_the_ids_of_the_questions(case):
    questions, *sides = case
    table = worked_examples(questions.assign(source_id=questions["id"].str.upper()), *sides, trained=set())
    assert table.columns.tolist() == ["kind", "id", "source_id", *COLUMNS[2:]]
    assert table["source_id"].tolist() == ["B", "C", "J", "G"]
