"""Newly known facts by exposure: counts by hand, bins, and the noise floor."""

import pandas as pd
import pytest

from gradual_learning.evaluation.newly_known import newly_known
from gradual_learning.evaluation.table_values import RELABELED
from knowledge_tables import BOOTSTRAP, HIGHLY, MAYBE, UNKNOWN, WEAKLY, knowledge, ordered
from simulated_facts import raised_at_random, random_facts

BIN = ["low_exposure", "high_exposure"]
COPIES = 20  # of every question, so that no bin is too small


def labels(*categories):
    return ordered(knowledge([*categories] * COPIES))


def test_newly_known_by_hand():
    base = labels(UNKNOWN, UNKNOWN, UNKNOWN, WEAKLY, HIGHLY)
    facts = pd.DataFrame({"id": base["id"], "exposures": [1, 2, 3, 3, 3] * COPIES})
    seeds = [labels(UNKNOWN, MAYBE, HIGHLY, WEAKLY, HIGHLY), labels(WEAKLY, MAYBE, UNKNOWN, HIGHLY, UNKNOWN)]
    relabel = labels(UNKNOWN, MAYBE, UNKNOWN, WEAKLY, HIGHLY)
    table = newly_known(facts, base, {"a": seeds}, relabel, BOOTSTRAP)
    assert set(table["category"]) == {WEAKLY, UNKNOWN} and table["questions"].iloc[-1] == 3 * COPIES
    of_unknown = table[table["category"] == UNKNOWN]
    second = of_unknown[of_unknown["checkpoint"] == RELABELED]
    unknown = of_unknown[of_unknown["checkpoint"] == "a"].reset_index(drop=True)
    assert second["share"].tolist() == unknown["floor"].tolist() and second["floor"].isna().all()
    assert unknown[BIN].iloc[:2].to_numpy().tolist() == [[1, 1], [2, 3]] and unknown[BIN].iloc[2].isna().all()
    assert (unknown["questions"] / COPIES).tolist() == [1, 2, 3]
    assert (unknown["known"] / COPIES).tolist() == [0, 1.5, 1.5]
    assert unknown["floor"].tolist() == pytest.approx([0, 0.5, 1 / 3])
    assert unknown["excess"].tolist() == pytest.approx([0, 0.25, 1 / 6])
    area = 2 / 3 + 1 / 3 / 2  # two thirds of the misses are below all hits, the others in the same bin
    assert unknown["auc"].iloc[2] == pytest.approx(area)


def test_bins_partition_the_questions_and_the_floor_is_optional():
    facts, known, _ = random_facts()
    later = {"a": raised_at_random(known, 2), "a+b": raised_at_random(known, 3)}
    table = newly_known(facts, known, later, None, BOOTSTRAP)
    assert table[["floor", "excess", "excess_low", "excess_high"]].isna().all(axis=None)
    for _, part in table.groupby(["category", "checkpoint"]):
        total = part["low_exposure"].isna()
        assert len(part) > 4 and total.sum() == 1
        for column in ("questions", "known"):
            assert part.loc[~total, column].sum() == pytest.approx(part.loc[total, column].item())
        filled = part[part["questions"] > 0]
        assert ((filled["low"] <= filled["share"]) & (filled["share"] <= filled["high"])).all()
    assert table.groupby("checkpoint")["seeds"].first().to_dict() == {"a": 2, "a+b": 3}


def test_a_model_labeled_twice_has_no_excess():
    facts, known, _ = random_facts()
    (second,) = raised_at_random(known, 1)
    table = newly_known(facts, known, {"same": [second]}, second, BOOTSTRAP)
    filled = table[(table["questions"] > 0) & (table["checkpoint"] == "same")]
    assert filled["floor"].gt(0).any()
    assert (filled[["excess", "excess_low", "excess_high"]] == 0).all(axis=None)
