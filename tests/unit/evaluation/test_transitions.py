"""Transitions between categories and their excess over label noise, worked out by hand."""

import pytest

from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.evaluation.transitions import transitions
from knowledge_tables import HIGHLY, MAYBE, UNKNOWN, WEAKLY, knowledge, ordered

KEYS = ["to_checkpoint", "from_category", "to_category"]


def pair(before, after):
    return ordered(knowledge(before)), ordered(knowledge(after))


def test_transitions_are_counted():
    base, later = [HIGHLY, MAYBE, UNKNOWN, UNKNOWN], [HIGHLY, HIGHLY, WEAKLY, UNKNOWN]
    table = transitions(
        {("base", RELABELED, "-", "train"): pair(base, base), ("base", "a", "1", "train"): pair(base, later)}
    )
    counts = table.set_index(KEYS)["questions"]
    assert counts["a", UNKNOWN, WEAKLY] == counts["a", MAYBE, HIGHLY] == 1
    assert (table.groupby("to_checkpoint")["questions"].sum() == 4).all()
    unchanged = table[(table["to_checkpoint"] == RELABELED) & (table["questions"] > 0)]
    assert (unchanged["from_category"] == unchanged["to_category"]).all()
    empty = table[(table["to_checkpoint"] == RELABELED) & (table["from_category"] == WEAKLY)]
    assert empty["share"].isna().all(), "a category without questions has no shares"


def test_the_noise_floor_is_subtracted_from_every_transition():
    base = [HIGHLY, HIGHLY, MAYBE, MAYBE, MAYBE, MAYBE]
    relabel = pair(base, [HIGHLY, MAYBE, MAYBE, MAYBE, MAYBE, HIGHLY])
    stage = pair(base, [HIGHLY, HIGHLY, HIGHLY, HIGHLY, MAYBE, UNKNOWN])
    pairs = {("base", "a", "1", "heldout"): stage, ("base", RELABELED, "-", "train"): relabel}
    table = transitions(pairs).set_index(KEYS).sort_index()
    assert table.loc[("a", MAYBE, HIGHLY), ["share", "floor", "excess"]].tolist() == [0.5, 0.25, 0.25]
    assert table.loc[("a", HIGHLY, MAYBE), "excess"] == -0.5
    assert (table.loc[RELABELED, "excess"].dropna() == 0).all()
    sums = table.dropna().groupby(["to_checkpoint", "from_category"])["excess"].sum()
    assert len(sums) == 4 and sums.to_numpy() == pytest.approx(0)


def test_without_a_second_labeling_there_is_no_floor():
    table = transitions({("base", "a", "1", "heldout"): pair([HIGHLY, MAYBE], [HIGHLY, HIGHLY])})
    assert table[["floor", "excess"]].isna().all(axis=None) and table["share"].notna().any()
