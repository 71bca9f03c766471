"""Forgetting: unanswered questions and the drop of p_greedy, worked out by hand."""

import numpy as np
import pytest

from gradual_learning.evaluation.forgetting import forgetting, p_greedy_drop
from knowledge_tables import BOOTSTRAP, HIGHLY, MAYBE, UNKNOWN, knowledge, write_and_read


def test_forgetting_by_hand():
    highly_known = np.array([1, 1, 1, 1, 0, 0])
    base = np.array([[1], [1], [1], [0], [0], [1]], dtype=bool)
    later = np.array([[1, 1], [1, 0], [0, 0], [0, 1], [0, 0], [0, 0]], dtype=bool)
    table = forgetting(highly_known, {("base", "-"): base, ("s", "best"): later}, BOOTSTRAP).set_index("strategy")
    assert table.loc["s", "forgotten"] == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert (table["base_unanswered"] == 0.25).all() and table.loc["base", "forgotten"] == 0.25
    assert (table["highly_known"] == 4).all()


def test_drop_of_p_greedy_by_hand(tmp_path):
    base = write_and_read(knowledge([HIGHLY, HIGHLY, MAYBE, UNKNOWN]), tmp_path / "base.parquet")
    later = knowledge([MAYBE, HIGHLY, MAYBE, UNKNOWN], greedy_correct=[4, 10, 1, 0])
    same = write_and_read(knowledge([HIGHLY, HIGHLY, UNKNOWN, UNKNOWN]), tmp_path / "same.parquet")
    table = p_greedy_drop(base, {"s": [later, later], "kept": [same]}, BOOTSTRAP).set_index("strategy")
    assert table.loc["s", "p_greedy_drop"] == pytest.approx((0.6 + 0) / 2)
    assert table.loc["kept", ["p_greedy_drop", "p_greedy_low", "p_greedy_high"]].tolist() == [0, 0, 0]
    assert table.loc["s", "p_greedy_questions"] == 2
