"""What the world alone can show: counts by hand, intervals in their place, areas as scipy gives them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, somersd

from gradual_learning.measures import ground_truth
from gradual_learning.measures.runs import RETEST
from gradual_learning.measures.statistics import Bootstrap
from gradual_learning.records import CATEGORIES, UserError

BOOTSTRAP = Bootstrap(draws=300, confidence=0.95, seed=1)
HIGHLY, MAYBE, WEAKLY, UNKNOWN = CATEGORIES
BOUNDS = ["low_exposure", "high_exposure"]


def knowledge(categories):
    ids = [f"{place:016x}" for place in range(len(categories))]
    return pd.DataFrame({"id": ids, "category": pd.Categorical(categories, CATEGORIES, ordered=True)})


def random_world(questions=240):
    """Facts, categories and recall that all rise with exposure; the rows of the facts in an order of their own."""
    generator = np.random.default_rng(7)
    exposures = np.exp(generator.uniform(0, 5, questions)).astype(int)
    skill = np.log2(exposures) + generator.normal(0, 1, questions)
    known = knowledge(np.array(CATEGORIES[::-1])[np.clip(skill // 2, 0, 3).astype(int)])
    facts = pd.DataFrame({"id": known["id"], "exposures": exposures}).sample(frac=1, random_state=1)
    recall = pd.DataFrame({"id": known["id"], "correct": skill + generator.normal(0, 1, questions) > 3})
    return facts, known, recall


def later(known, seeds=2):
    """What each seed makes of the questions: some of those out of reach become known."""
    generator = np.random.default_rng(8)
    tables = []
    for _ in range(seeds):
        raised = generator.random(len(known)) < 0.3
        tables.append(knowledge(np.where(raised, MAYBE, known["category"].astype(str))))
    return tables


@pytest.fixture
def few(monkeypatch):
    return lambda count: monkeypatch.setattr(ground_truth, "FEW", count)


def test_exposure_bins_are_powers_of_two(few):
    few(1)
    known = knowledge([UNKNOWN] * 4 + [HIGHLY] * 4)
    facts = pd.DataFrame({"id": known["id"], "exposures": [0, 1, 2, 3, 4, 7, 8, 100]})
    recall = pd.DataFrame({"id": known["id"], "correct": [False] * 3 + [True] * 5})
    table = ground_truth.exposure(facts, known, recall, 0.95)
    bins = table.groupby(BOUNDS)["questions"].sum()
    assert bins.to_dict() == {(0, 0): 1, (1, 1): 1, (2, 3): 2, (4, 7): 2, (8, 15): 1, (64, 127): 1}
    assert table.groupby("low_exposure")["recalled"].first()[2] == 0.5
    few(4)
    merged = ground_truth.exposure(facts, known, recall, 0.95).groupby(BOUNDS)["questions"].sum()
    assert merged.to_dict() == {(0, 0): 1, (1, 1): 1, (2, 3): 2, (4, 127): 4}


def test_shares_of_a_bin_sum_to_one_and_lie_in_their_intervals():
    table = ground_truth.exposure(*random_world(), 0.95)
    assert table.groupby("low_exposure")["share"].sum().to_numpy() == pytest.approx(1)
    assert table["questions"].sum() == 240
    for estimate, low, high in (("share", "low", "high"), ("recalled", "recalled_low", "recalled_high")):
        assert ((table[low] <= table[estimate]) & (table[estimate] <= table[high])).all()
    assert (table["high"] > table["low"]).all(), "a count of none, too, leaves room"
    wider = ground_truth.exposure(*random_world(), 0.99)
    assert (wider["high"] - wider["low"] > table["high"] - table["low"]).all()


def test_a_question_about_no_fact_of_the_world_is_refused():
    facts, known, recall = random_world()
    with pytest.raises(UserError, match=f"1 labelled questions, {known['id'].iloc[5]}"):
        ground_truth.exposure(facts[facts["id"] != known["id"].iloc[5]], known, recall, 0.95)


def test_concordance_is_what_scipy_computes():
    generator = np.random.default_rng(3)
    groups, hit = generator.integers(0, 5, 200), generator.random(200) < 0.4
    hits, misses = (np.bincount(groups[chosen], minlength=5) for chosen in (hit, ~hit))
    area = ground_truth.concordance(hits, misses)
    assert area == pytest.approx(mannwhitneyu(groups[hit], groups[~hit]).statistic / (hit.sum() * (~hit).sum()))
    assert area == pytest.approx((somersd(hit, groups).statistic + 1) / 2)
    assert np.isnan(ground_truth.concordance(hits, 0 * misses))


def test_recall_by_category():
    _, known, recall = random_world()
    table = ground_truth.recall({"train": known, "test": known.iloc[:100]}, recall, BOOTSTRAP)
    train = table[table["split"] == "train"].set_index("category")
    for category in CATEGORIES:
        held = recall["correct"][(known["category"] == category).to_numpy()]
        assert train.loc[category, ["questions", "recalled"]].tolist() == [len(held), held.sum()]
        assert train.loc[category, "share"] == pytest.approx(held.mean())
    assert train.loc["Full", "questions"] == 240 and train.loc["Full", "recalled"] == recall["correct"].sum()
    worst_first = -known["category"].cat.codes.to_numpy()
    held = recall["correct"].to_numpy()
    area = mannwhitneyu(worst_first[held], worst_first[~held]).statistic / (held.sum() * (~held).sum())
    assert train.loc["Full", "auc"] == pytest.approx(area)
    assert train.loc["Full", "auc_low"] < area < train.loc["Full", "auc_high"]
    assert table["auc"].notna().tolist() == (table["category"] == "Full").tolist()


def test_a_category_that_says_nothing_has_an_area_about_one_half():
    _, known, recall = random_world()
    shuffled = knowledge(known["category"].astype(str).sample(frac=1, random_state=2).to_numpy())
    full = ground_truth.recall({"train": shuffled}, recall, BOOTSTRAP).iloc[0]
    assert full["auc_low"] < 0.5 < full["auc_high"]


def test_newly_known_counts_by_hand(few):
    few(1)
    base = knowledge([UNKNOWN, UNKNOWN, UNKNOWN, WEAKLY, HIGHLY])
    facts = pd.DataFrame({"id": base["id"], "exposures": [1, 2, 3, 3, 3]})
    seeds = [
        knowledge([UNKNOWN, MAYBE, HIGHLY, WEAKLY, HIGHLY]),
        knowledge([WEAKLY, MAYBE, UNKNOWN, HIGHLY, UNKNOWN]),
    ]
    retest = knowledge([UNKNOWN, MAYBE, UNKNOWN, WEAKLY, HIGHLY])
    table = ground_truth.newly_known(facts, base, {"a": seeds}, retest, BOOTSTRAP)
    again = table[(table["category"] == UNKNOWN) & (table["checkpoint"] == RETEST)]
    unknown = table[(table["category"] == UNKNOWN) & (table["checkpoint"] == "a")].reset_index(drop=True)
    assert again["share"].tolist() == unknown["floor"].tolist() and again["floor"].isna().all()
    assert unknown[BOUNDS].iloc[:2].to_numpy().tolist() == [[1, 1], [2, 3]] and unknown[BOUNDS].iloc[2].isna().all()
    assert unknown["questions"].tolist() == [1, 2, 3] and unknown["known"].tolist() == [0, 1.5, 1.5]
    assert unknown["floor"].tolist() == [0, 0.5, pytest.approx(1 / 3)]
    assert unknown["excess"].tolist() == [0, 0.25, pytest.approx(1 / 6)]
    area = 2 / 3 + 1 / 3 / 2  # of the misses two thirds stand below all hits, the others beside them
    assert unknown["auc"].iloc[2] == pytest.approx(area)
    assert table["questions"].iloc[-1] == 3 and set(table["category"]) == {WEAKLY, UNKNOWN}


def test_newly_known_bins_partition_and_the_floor_is_optional():
    facts, known, _ = random_world()
    table = ground_truth.newly_known(facts, known, {"a": later(known), "a+b": later(known, 3)}, None, BOOTSTRAP)
    assert table[["floor", "excess", "excess_low", "excess_high"]].isna().all(axis=None)
    for _, part in table.groupby(["category", "checkpoint"]):
        in_all = part["low_exposure"].isna()
        for column in ("questions", "known"):
            assert part.loc[~in_all, column].sum() == pytest.approx(part.loc[in_all, column].item())
        drawn = part[part["questions"] > 0]
        assert ((drawn["low"] <= drawn["share"]) & (drawn["share"] <= drawn["high"])).all()
    assert table.groupby("checkpoint")["seeds"].first().to_dict() == {"a": 2, "a+b": 3}


def test_a_model_labelled_twice_exceeds_its_floor_by_nothing():
    facts, known, _ = random_world()
    (again,) = later(known, 1)
    table = ground_truth.newly_known(facts, known, {"same": [again]}, again, BOOTSTRAP)
    filled = table[(table["questions"] > 0) & (table["checkpoint"] == "same")]
    assert (filled[["excess", "excess_low", "excess_high"]] == 0).all(axis=None)
