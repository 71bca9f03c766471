"""Fact recall by category, with the area under the curve as scipy computes it."""

import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

from gradual_learning.evaluation.recall import recall
from gradual_learning.tables.schemas import CATEGORIES
from knowledge_tables import BOOTSTRAP, knowledge, ordered
from simulated_facts import random_facts


def test_recall_by_category():
    facts, known, statements = random_facts()
    table = recall(facts, {"train": known, "test": known.iloc[:100]}, statements, BOOTSTRAP)
    train = table[table["split"] == "train"].set_index("category")
    for category in CATEGORIES:
        recalled = statements["correct"][(known["category"] == category).to_numpy()]
        assert train.loc[category, ["questions", "recalled"]].tolist() == [len(recalled), recalled.sum()]
        assert train.loc[category, "share"] == pytest.approx(recalled.mean())
    assert train.loc["Full", ["questions", "recalled"]].tolist() == [240, statements["correct"].sum()]
    assert table["auc"].notna().tolist() == (table["category"] == "Full").tolist()


def test_the_auc_is_what_scipy_computes():
    facts, known, statements = random_facts()
    worst_first = -known["category"].cat.codes.to_numpy()
    recalled = statements["correct"].to_numpy()
    expected = mannwhitneyu(worst_first[recalled], worst_first[~recalled]).statistic
    full = recall(facts, {"train": known}, statements, BOOTSTRAP).iloc[0]
    assert full["auc"] == pytest.approx(expected / (recalled.sum() * (~recalled).sum()))
    assert full["auc_low"] < full["auc"] < full["auc_high"]


def test_categories_without_a_relation_to_recall_have_an_auc_of_about_one_half():
    facts, known, statements = random_facts()
    shuffled = ordered(knowledge(known["category"].astype(str).sample(frac=1, random_state=2).to_numpy()))
    full = recall(facts, {"train": shuffled}, statements, BOOTSTRAP).iloc[0]
    assert full["auc_low"] < 0.5 < full["auc_high"]


def test_unread_facts_are_counted_apart_and_do_not_enter_the_auc():
    facts, known, statements = random_facts()
    unread = known["id"].iloc[::4]
    zeroed = facts.assign(exposures=facts["exposures"].mask(facts["id"].isin(unread), 0))
    table = recall(zeroed, {"train": known}, statements, BOOTSTRAP)
    apart, stated = table[table["unread"]], table[~table["unread"]]
    assert len(apart) == len(stated) == 5 and apart["questions"].iloc[0] == 60 and stated["questions"].iloc[0] == 180
    rest = known[~known["id"].isin(unread)]
    expected = recall(facts, {"train": rest}, statements, BOOTSTRAP)
    pd.testing.assert_frame_equal(stated.reset_index(drop=True), expected)


def test_guesses_have_no_auc():
    facts, known, statements = random_facts()
    table = recall(facts.assign(exposures=0), {"train": known}, statements, BOOTSTRAP)
    assert len(table) == 5 and table["unread"].all() and table["auc"].isna().all() and table["recalled"].iloc[0] > 0
