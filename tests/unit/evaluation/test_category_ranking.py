"""The category ranking: the published numbers as printed, and ranks that follow from the answers."""

import numpy as np
import pytest

from gradual_learning.evaluation.accuracy import accuracy
from gradual_learning.evaluation.category_ranking import PUBLISHED, TRAIN_SETS, category_ranking
from gradual_learning.evaluation.table_values import EPOCHS, GROUPS
from knowledge_tables import BOOTSTRAP

QUESTIONS = (2464, 2699, 1856, 3462)  # Gekhman et al. 2024, in-distribution test questions by category
STRATEGIES = {name: f"only_{name.lower()}" for name in TRAIN_SETS}


def random_case(shares, questions=600, seeds=3):
    generator = np.random.default_rng(2)
    categories = np.eye(4, dtype=np.int8)[generator.choice(4, questions)]
    answers = {
        (name, epoch): generator.random((questions, seeds)) < share
        for name, share in zip(TRAIN_SETS, shares, strict=True)
        for epoch in EPOCHS
    }
    return categories, answers


@pytest.mark.parametrize("key", PUBLISHED)
def test_published_full_accuracy_is_the_weighted_mean_of_its_categories(key):
    full, *categories = PUBLISHED[key]
    assert full == pytest.approx(np.average(categories, weights=QUESTIONS), abs=0.11)


def test_training_sets_far_apart_have_certain_ranks():
    shares = 0.1, 0.9, 0.5, 0.3, 0.7
    table = category_ranking(*random_case(shares), STRATEGIES, BOOTSTRAP)
    assert len(table) == len(TRAIN_SETS) * len(EPOCHS) * len(GROUPS)
    expected = dict(zip(TRAIN_SETS, (5, 1, 3, 4, 2), strict=True))
    for row in table[table["category"] == "Full"].itertuples():
        assert row.rank == row.rank_low == row.rank_high == expected[row.train_set]
        assert row.strategy == STRATEGIES[row.train_set]


def test_ranks_follow_the_accuracies_and_lie_in_their_intervals():
    categories, answers = random_case((0.5, 0.52, 0.48, 0.5, 0.51))
    table = category_ranking(categories, answers, STRATEGIES, BOOTSTRAP)
    assert ((table["rank_low"] <= table["rank"]) & (table["rank"] <= table["rank_high"])).all()
    assert (table["rank_high"] > table["rank_low"]).any(), "the accuracies are so close that chance changes the order"
    for _, part in table.groupby(["epoch", "category"]):
        assert part["rank"].tolist() == part["accuracy"].rank(method="min", ascending=False).tolist()
        assert part["published_rank"].tolist() == part["published"].rank(method="min", ascending=False).tolist()
    expected = accuracy(categories, answers, BOOTSTRAP).set_index(["strategy", "epoch", "category"])
    found = table.set_index(["train_set", "epoch", "category"])
    assert found[["accuracy", "low", "high"]].equals(expected.loc[found.index, ["accuracy", "low", "high"]])


def test_a_subset_of_the_training_sets_is_ranked_on_its_own():
    categories, answers = random_case((0.2, 0.4, 0.4, 0.6, 0.4))
    two = {key: value for key, value in answers.items() if key[0] in ("HighlyKnown", "Unknown")}
    table = category_ranking(categories, two, STRATEGIES, BOOTSTRAP).query("category == 'Full' and epoch == 'best'")
    assert table["train_set"].tolist() == ["HighlyKnown", "Unknown"]
    assert table["rank"].tolist() == [2, 1] and table["published_rank"].tolist() == [1, 2]


def test_a_category_without_questions_has_no_rank():
    categories, answers = random_case((0.2, 0.3, 0.4, 0.5, 0.6))
    categories[:, 2] |= categories[:, 3]
    categories[:, 3] = 0
    table = category_ranking(categories, answers, STRATEGIES, BOOTSTRAP)
    empty = table["category"] == "Unknown"
    assert table[empty][["rank", "rank_low", "rank_high"]].isna().all(axis=None)
    assert table[~empty]["rank"].notna().all()
