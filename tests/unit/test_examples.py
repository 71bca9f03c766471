"""Worked examples: what counts as upgraded and forgotten, and that the choice looks at ids alone."""

import pandas as pd
import pytest

from gradual_learning.measures import examples
from gradual_learning.records import CATEGORIES

HIGHLY, MAYBE, WEAKLY, UNKNOWN = CATEGORIES

# id: P0 and zero-shot right before, and after
MOVES = {
    "b": (0, False, 0.4, True),
    "c": (0, False, 1, True),
    "d": (0, True, 1, True),
    "e": (0, False, 1, False),
    "f": (0.5, False, 1, True),
    "g": (1, True, 0.9, False),
    "h": (1, True, 1, False),
    "i": (1, True, 0, True),
    "j": (0, False, 1, True),
}


@pytest.fixture
def asked():
    """Questions, and what the base model and the end of a strategy make of them."""
    ids = list(MOVES)
    questions = pd.DataFrame({"id": ids, "relation": "r", "answers": [["right", "also right"]] * len(ids)})
    ends = [side(ids, place) for place in (0, 2)]
    return questions.assign(question=[f"What is {name}?" for name in ids]), *ends


def side(ids, place):
    p0 = [MOVES[name][place] for name in ids]
    right = [MOVES[name][place + 1] for name in ids]
    names = [HIGHLY if share == 1 else MAYBE if share else UNKNOWN for share in p0]
    known = pd.DataFrame({"id": ids, "p0": p0, "category": names})
    answers = ["right" if hit else f"wrong {place}" for hit in right]
    others = pd.DataFrame({"id": ["unsorted"], "answer": ["x"], "correct": [True]})
    return known, pd.concat([pd.DataFrame({"id": ids, "answer": answers, "correct": right}), others])


def test_upgraded_and_forgotten_by_hand(asked):
    table = examples.examples(*asked, trained={"j"}).set_index("id")
    assert table["kind"].to_dict() == {"b": "upgraded", "c": "upgraded", "g": "forgotten"}
    assert table.loc["b", ["category_before", "category_after"]].tolist() == [UNKNOWN, MAYBE]
    assert table.loc["b", ["zero_shot_before", "zero_shot_after"]].tolist() == ["wrong 0", "right"]
    assert table.loc["g", ["p0_before", "p0_after"]].tolist() == [1, 0.9]
    assert table.loc["g", ["question", "accepted"]].tolist() == ["What is g?", "right | also right"]


def test_the_first_by_id_are_taken_in_whatever_order_they_stand(asked, monkeypatch):
    monkeypatch.setattr(examples, "EACH", 2)
    straight = examples.examples(*asked, trained=set())
    assert straight["id"].tolist() == ["b", "c", "g"]
    questions, before, after = asked
    turned = [tuple(frame.iloc[::-1] for frame in pair) for pair in (before, after)]
    pd.testing.assert_frame_equal(straight, examples.examples(questions.iloc[::-1], *turned, trained=set()))


def test_nothing_moved_gives_an_empty_table_with_its_columns(asked):
    questions, before, _ = asked
    table = examples.examples(questions, before, before, trained=set())
    assert table.empty and table.columns.tolist() == examples.COLUMNS
