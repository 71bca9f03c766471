"""Shares of the categories, of single seeds and in the mean."""

import pytest

from gradual_learning.evaluation.category_shares import category_shares
from knowledge_tables import BOOTSTRAP, HIGHLY, MAYBE, UNKNOWN, WEAKLY, knowledge, ordered


def test_shares_by_hand():
    base = ordered(knowledge([HIGHLY, MAYBE, UNKNOWN, UNKNOWN]))
    seeds = {
        "1": ordered(knowledge([HIGHLY, HIGHLY, HIGHLY, UNKNOWN])),
        "2": ordered(knowledge([HIGHLY, HIGHLY, UNKNOWN, UNKNOWN])),
    }
    table = category_shares({("base", "train"): {"-": base}, ("a+b", "train"): seeds}, BOOTSTRAP)
    assert table[["checkpoint", "seed"]].drop_duplicates().to_numpy().tolist() == [
        ["base", "-"],
        ["a+b", "1"],
        ["a+b", "2"],
        ["a+b", "mean"],
    ]
    mean = table[table["seed"] == "mean"].set_index("category")
    assert mean["questions"].to_dict() == {HIGHLY: 2.5, MAYBE: 0, WEAKLY: 0, UNKNOWN: 1.5}
    assert mean.loc[HIGHLY, "share"] == 2.5 / 4
    assert table.groupby(["checkpoint", "seed"])["share"].sum().to_numpy() == pytest.approx(1)
    assert table["low"].between(0, table["share"]).all() and table["high"].between(table["share"], 1).all()
