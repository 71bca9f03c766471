"""Shared entities and their permutation null: cases by hand, a slow permutation, and the level of the test."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.entity_sharing import entity_sharing, gains_by_answer, permuted_sums
from knowledge_tables import HIGHLY, MAYBE, UNKNOWN, WEAKLY, ordered

BOOTSTRAP = Bootstrap(resamples=2000, confidence_level=0.95, seed=1)


def random_questions(size=160, answers=20, seed=5):
    """Draw questions of two relations with repeated answers, two for each subject; sorted by id."""
    generator = np.random.default_rng(seed)
    ids = [f"{place:016x}" for place in range(size)]
    names = [[f"The Answer {number}"] for number in generator.integers(0, answers, size)]
    relations = np.array(["r", "s"])[np.arange(size) % 2]
    questions = pd.DataFrame({"id": ids, "answers": names, "relation": relations})
    return questions.assign(subject=[f"Subject {place // 2}" for place in range(size)])


def knowledge(questions, categories):
    return ordered(questions[["id", "relation"]].assign(category=categories))


def upgraded(base, chosen):
    """Raise the chosen questions to HighlyKnown."""
    return ordered(base.assign(category=np.where(chosen, HIGHLY, base["category"])))


def test_shares_by_hand():
    questions = pd.DataFrame(
        {
            "id": list("abcdef"),
            "relation": ["r", "r", "r", "r", "s", "r"],
            "answers": [["Rome", "Roma"], ["the ROMA"], ["Oslo"], ["Bern"], ["Roma"], ["Rome"]],
            "subject": ["x", "y", "X", "z", "z", None],
        }
    )
    base = knowledge(questions, [MAYBE, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, HIGHLY])
    end = upgraded(base, [True, True, True, False, True, False])
    table = entity_sharing(questions, base, [end], [{"a"}], BOOTSTRAP).set_index("entity")
    assert table["questions"].tolist() == [4, 4], "a is trained on, f is HighlyKnown"
    assert table["upgraded"].tolist() == [3, 3], "b, c and e"
    assert table.loc["answer", "share"] == pytest.approx(1 / 3), "b; e is of another relation"
    assert table.loc["subject", "share"] == pytest.approx(1 / 3), "c"
    assert table.loc["answer", "null_share"] == pytest.approx(2 / 9, abs=0.02), (
        "two of b, c, d are upgraded; e is alone in its stratum"
    )


def test_gains_by_hand():
    questions = pd.DataFrame(
        {
            "id": list("abcdtu"),
            "relation": ["r", "r", "r", "s", "r", "r"],
            "answers": [["Rome"], ["the ROMA", "Rome"], ["Oslo"], ["Rome"], ["rome!"], ["Bern"]],
            "subject": None,
        }
    )
    ids = questions["id"][:4]  # t and u are trained on, u in the second seed alone; a and b share the answer of t
    base = np.array([[0], [0], [1], [0]], dtype=bool)
    later = np.array([[1, 1], [0, 1], [1, 0], [1, 1]], dtype=bool)
    answers, trained = {"base": base, "s": later}, {"s": [{"t"}, {"t", "u"}]}
    table = gains_by_answer(questions, ids, answers, trained, [("base", "s"), ("s", "base")], BOOTSTRAP)
    table = table.set_index(["baseline", "answer"])
    assert table["questions"].tolist() == [2, 2, 0, 4] and (table["seeds"] == 2).all()
    assert table.loc["base", "difference"].tolist() == [3 / 4, 1 / 4]
    assert table.loc["base", "contribution"].tolist() == [3 / 8, 1 / 8]
    assert table.loc["s", "contribution"].tolist() == [0, -1 / 2], "the base model trains on nothing"


def test_the_share_of_a_gain_is_empty_where_there_may_be_none():
    questions = random_questions()
    ids, trained = questions["id"][:120], {"s": [set(questions["id"][120:])], "t": [set(questions["id"][120:])]}
    generator = np.random.default_rng(4)
    base = generator.random((120, 1)) < 0.3
    answers = {"base": base, "s": base | (generator.random((120, 1)) < 0.4), "t": np.roll(base, 1, axis=0)}
    table = gains_by_answer(questions, ids, answers, trained, [("base", "s"), ("base", "t")], BOOTSTRAP)
    gained, none = table[table["strategy"] == "s"], table[table["strategy"] == "t"]
    assert gained["share"].sum() == pytest.approx(1) and none["share"].isna().all()
    assert gained["contribution"].sum() == pytest.approx(answers["s"].mean() - base.mean())
    assert (gained["share_low"] < gained["share"]).all() and (gained["share"] < gained["share_high"]).all()


def test_the_null_agrees_with_a_slow_permutation():
    questions = random_questions()
    generator = np.random.default_rng(1)
    base = knowledge(questions, generator.choice([MAYBE, WEAKLY, UNKNOWN], len(questions)))
    ends = [upgraded(base, generator.random(len(base)) < 0.3) for _ in range(2)]
    trained = [set(questions["id"].sample(30, random_state=seed)) for seed in range(2)]
    row = entity_sharing(questions, base, ends, trained, BOOTSTRAP).set_index("entity").loc["answer"]
    keys = questions["relation"] + questions["answers"].str[0]
    untrained = np.column_stack([~questions["id"].isin(list(ids)) for ids in trained])
    shared = np.column_stack([keys.isin(keys[~untrained[:, seed]]) for seed in range(2)])
    upgrades = np.column_stack([(end["category"] != base["category"]) for end in ends]) & untrained
    strata = pd.DataFrame(untrained).assign(r=questions["relation"], c=base["category"].astype(str))
    places = list(strata.groupby(list(strata.columns)).indices.values())
    drawn = []
    for _ in range(1500):
        order = np.arange(len(base))
        for inside in places:
            order[inside] = generator.permutation(inside)
        drawn.append(((upgrades[order] & shared).sum(axis=0) / upgrades.sum(axis=0)).mean())
    assert row["share"] == pytest.approx(((upgrades & shared).sum(axis=0) / upgrades.sum(axis=0)).mean())
    assert row["null_share"] == pytest.approx(np.mean(drawn), abs=0.01)
    assert row[["null_low", "null_high"]].tolist() == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_permuted_sums_are_those_of_the_rows():
    left, right = np.array([[1], [0], [1], [0]]), np.array([[1], [1], [0], [0]])
    sums = permuted_sums(left, right, [np.arange(4)], BOOTSTRAP)
    assert set(sums) == {0, 1, 2}
    assert (sums == 1).mean() == pytest.approx(4 / 6, abs=0.05)
    assert (permuted_sums(left, right, [np.array([place]) for place in range(4)], BOOTSTRAP) == 1).all()


@pytest.mark.parametrize("effect", [False, True])
def test_the_test_has_its_level_and_finds_an_effect(effect):
    questions = random_questions()
    base = knowledge(questions, [UNKNOWN] * len(questions))
    trained = set(questions["id"].sample(25, random_state=3))
    keys = questions["relation"] + questions["answers"].str[0]
    linked = keys.isin(keys[questions["id"].isin(list(trained))]).to_numpy()
    few = Bootstrap(resamples=200, confidence_level=0.95, seed=1)
    generator = np.random.default_rng(9)
    p_values = []
    for _ in range(60):
        probability = 0.2 + 0.4 * (linked & effect)
        end = upgraded(base, generator.random(len(base)) < probability)
        p_values.append(entity_sharing(questions, base, [end], [trained], few).iloc[0]["p"])
    found = np.mean(np.array(p_values) < 0.05)
    assert found > 0.8 if effect else found < 0.12


def test_neither_the_order_of_the_questions_nor_unrelated_ones_matter():
    questions = random_questions()
    base = knowledge(questions, [UNKNOWN] * len(questions))
    end = upgraded(base, np.arange(len(base)) % 3 == 0)
    trained = set(questions["id"][::7])
    more = pd.concat(
        [random_questions(8).assign(id=lambda frame: "z" + frame["id"]), questions.sample(frac=1, random_state=1)]
    )
    expected, other = (entity_sharing(frame, base, [end], [trained], BOOTSTRAP) for frame in (questions, more))
    pd.testing.assert_frame_equal(expected, other)


def test_without_shared_or_upgraded_questions_there_is_no_row():
    questions = random_questions().assign(subject=None)
    base = knowledge(questions, [UNKNOWN] * len(questions))
    end = upgraded(base, np.arange(len(base)) % 3 == 0)
    trained = set(questions["id"][:9])
    assert entity_sharing(questions, base, [end], [trained], BOOTSTRAP)["entity"].tolist() == ["answer"]
    assert entity_sharing(questions, base, [base], [trained], BOOTSTRAP).empty
    assert entity_sharing(questions, base, [end], [set()], BOOTSTRAP).empty
