"""Categories by exposure."""

import pandas as pd
import pytest

from gradual_learning.evaluation.exposure import exposure
from gradual_learning.jobs.errors import UserError
from knowledge_tables import HIGHLY, UNKNOWN, knowledge, ordered
from simulated_facts import random_facts


def test_exposure_by_hand():
    known = ordered(knowledge([UNKNOWN] * 60 + [HIGHLY] * 20))
    facts = pd.DataFrame({"id": known["id"], "exposures": [1] * 20 + [2] * 20 + [3] * 40})
    recall = pd.DataFrame({"id": known["id"], "correct": [False] * 40 + [True] * 40})
    table = exposure(facts, known, recall, 0.95).set_index(["low_exposure", "high_exposure", "category"])
    assert table["questions"].groupby(level=[0, 1]).sum().to_dict() == {(1, 1): 20, (2, 3): 60}
    assert table.loc[(2, 3, UNKNOWN), ["questions", "share", "recalled"]].tolist() == [40, 40 / 60, 40 / 60]
    assert table.loc[(1, 1, UNKNOWN), ["questions", "share", "recalled"]].tolist() == [20, 1, 0]


def test_unread_facts_have_a_bin_of_their_own():
    known = ordered(knowledge([UNKNOWN] * 9 + [HIGHLY] * 31))
    facts = pd.DataFrame({"id": known["id"], "exposures": [0] * 10 + [1] * 15 + [6] * 15})
    recall = pd.DataFrame({"id": known["id"], "correct": [True] + [False] * 24 + [True] * 15})
    table = exposure(facts, known, recall, 0.95).set_index(["low_exposure", "high_exposure", "category"])
    assert table["questions"].groupby(level=[0, 1]).sum().to_dict() == {(0, 0): 10, (1, 7): 30}
    assert table.loc[(0, 0, UNKNOWN), ["questions", "share", "recalled"]].tolist() == [9, 0.9, 0.1]


def test_shares_of_a_bin_sum_to_one_and_lie_in_their_intervals():
    table = exposure(*random_facts(), 0.95)
    assert table.groupby("low_exposure")["share"].sum().to_numpy() == pytest.approx(1)
    assert table["questions"].sum() == 240
    for estimate, low, high in (("share", "low", "high"), ("recalled", "recalled_low", "recalled_high")):
        assert ((table[low] <= table[estimate]) & (table[estimate] <= table[high])).all()
    assert (table["high"] > table["low"]).all(), "the interval of a share of 0 has a width too"
    wider = exposure(*random_facts(), 0.99)
    assert (wider["high"] - wider["low"] > table["high"] - table["low"]).all()


def test_a_question_without_a_fact_is_refused():
    facts, known, recall = random_facts()
    with pytest.raises(UserError, match="no fact of the simulated world"):
        exposure(facts.iloc[1:], known, recall, 0.95)
    with pytest.raises(UserError, match="no fact of the simulated world"):
        exposure(facts, known, recall.iloc[1:], 0.95)
