"""Stage algebra: what a stage selects, replays and draws at random."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gradual_learning.records import CATEGORIES
from gradual_learning.selection import ROLES, Stage, describe, formula, select


@pytest.fixture
def known():
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": [f"{number:04d}" for number in range(800)],
            "relation": rng.choice(["birthplace", "employer", "rare"], 800, p=[0.5, 0.47, 0.03]),
            "category_now": rng.choice(CATEGORIES, 800, p=[0.4, 0.1, 0.2, 0.3]),
            "category_at_base": rng.choice(CATEGORIES, 800),
        }
    )


def test_single_category_stages_partition_the_questions(known):
    parts = [select(known, Stage(now=(name,)), None, "k")["id"] for name in CATEGORIES]
    assert sorted(itertools.chain.from_iterable(parts)) == known["id"].tolist()


@pytest.mark.parametrize("now", [(), ("MaybeKnown",), ("MaybeKnown", "Unknown")])
@pytest.mark.parametrize("at_base", [("HighlyKnown", "Unknown"), ("WeaklyKnown",)])
def test_selection_equals_its_definition(known, now, at_base):
    expected = {
        row.id
        for row in known.itertuples()
        if (not now or row.category_now in now) and (not at_base or row.category_at_base in at_base)
    }
    assert set(select(known, Stage(now=now, at_base=at_base), None, "k")["id"]) == expected


@pytest.mark.parametrize("ratio", [0.1, 0.2, 0.5])
def test_replay_adds_the_exact_ratio_of_the_named_category_only(known, ratio):
    stage = Stage(now=("MaybeKnown",), replay=(("HighlyKnown", ratio),))
    chosen = select(known, stage, None, "k")
    selected, replay = chosen[chosen["role"] == "selected"], chosen[chosen["role"] == "replay"]
    assert len(replay) == round(ratio * len(selected))
    assert set(replay["category_now"]) == {"HighlyKnown"}
    assert chosen["id"].is_unique


def test_a_pool_too_small_for_its_replay_is_taken_whole(known):
    stage = Stage(now=("MaybeKnown",), replay=(("HighlyKnown", 50.0),))
    replay = select(known, stage, None, "k").query("role == 'replay'")
    assert set(replay["id"]) == set(known[known["category_now"] == "HighlyKnown"]["id"])


def test_random_control_has_the_size_of_its_model_and_only_the_named_categories(known):
    model = Stage(now=("MaybeKnown",))
    chosen = select(known, Stage(random_from=("WeaklyKnown", "Unknown")), model, "k")
    assert len(chosen) == len(select(known, model, None, "k"))
    assert set(chosen["category_now"]) == {"WeaklyKnown", "Unknown"}


@pytest.mark.parametrize("ratio", [0.2, 0.5, 1])
def test_random_control_takes_a_ratio_of_its_model(known, ratio):
    model = Stage(now=("MaybeKnown",))
    chosen = select(known, Stage(random_from=("HighlyKnown",), random_ratio=ratio), model, "k")
    assert len(chosen) == round(ratio * len(select(known, model, None, "k")))
    assert set(chosen["role"]) == {"matched_random"}


def test_random_questions_beside_the_selected_ones_are_others(known):
    stage, model = Stage(now=("MaybeKnown",), random_from=CATEGORIES), Stage(now=("HighlyKnown",))
    chosen = select(known, stage, model, "k")
    parts = {role: set(part["id"]) for role, part in chosen.groupby("role")}
    assert parts["selected"] == set(select(known, Stage(now=("MaybeKnown",)), None, "k")["id"])
    assert len(parts["matched_random"]) == len(select(known, model, None, "k"))
    assert chosen["id"].is_unique


def test_replay_is_a_ratio_of_selected_and_random_questions(known):
    stage = Stage(now=("MaybeKnown",), random_from=("Unknown",), replay=(("HighlyKnown", 0.5),))
    roles = select(known, stage, Stage(now=("MaybeKnown",)), "k")["role"].value_counts()
    assert roles["selected"] == roles["matched_random"] == roles["replay"]


@pytest.mark.parametrize("now", [*((name,) for name in CATEGORIES), tuple(CATEGORIES)])
def test_balanced_stages_take_of_each_relation_as_many_as_its_smallest_category(known, now):
    chosen = select(known, Stage(now=now, balanced=True), None, "k").merge(known[["id", "relation"]], on="id")
    for relation, inside in known.groupby("relation"):
        smallest = min((inside["category_now"] == name).sum() for name in CATEGORIES)
        assert (chosen["relation"] == relation).sum() == smallest
    assert set(chosen["category_now"]) <= set(now) and chosen["id"].is_unique


def test_balancing_leaves_out_a_relation_that_lacks_a_category(known):
    lacking = known[(known["relation"] != "rare") | (known["category_now"] != "WeaklyKnown")]
    chosen = select(lacking, Stage(now=("HighlyKnown",), balanced=True), None, "k")
    assert len(chosen) and not set(chosen["id"]) & set(known[known["relation"] == "rare"]["id"])


def test_the_size_of_a_balanced_stage_is_its_balanced_size(known):
    model = Stage(now=("Unknown",), balanced=True)
    assert len(select(known, Stage(random_from=CATEGORIES), model, "k")) == len(select(known, model, None, "other"))


EVERY_DRAW = Stage(
    now=("MaybeKnown", "Unknown"),
    balanced=True,
    random_from=("WeaklyKnown",),
    random_ratio=0.1,
    replay=(("HighlyKnown", 0.3),),
)


@pytest.mark.parametrize("role", ["selected", "matched_random", "replay"])
def test_draws_depend_on_the_key_and_not_on_the_order(known, role):
    def draw(table, key):
        chosen = select(table, EVERY_DRAW, Stage(now=("Unknown",)), key)
        return set(chosen[chosen["role"] == role]["id"])

    assert draw(known, "1/a") == draw(known.sample(frac=1, random_state=3), "1/a") != draw(known, "2/a")


def test_nothing_to_select_is_an_empty_table_that_says_so(known):
    none = select(known[known["category_now"] != "Unknown"], Stage(now=("Unknown",)), None, "k")
    assert none.empty
    assert "passes its parent through" in describe(none, "unknown/seed1", "line")


def test_the_formula_names_every_set():
    stage = Stage.from_config(
        {"train_on": {"now": ["MaybeKnown"], "at_base": ["Unknown"]}, "replay": {"HighlyKnown": 0.2}}
    )
    line = formula(stage)
    assert "C(q) in {MaybeKnown} and C0(q) in {Unknown}" in line
    assert "R_HighlyKnown a random 0.2 |D|" in line
    control = formula(Stage.from_config({"matched_random": {"from": ["Unknown"], "size_of": "x"}}), stage)
    assert "a random {q : C(q) in {Unknown}} with |D| = |{q : C(q) in {MaybeKnown} and C0(q) in {Unknown}}|" in control


def test_the_formula_of_every_draw_at_once():
    assert formula(EVERY_DRAW, Stage(now=("Unknown",))).split("; ") == [
        "train on D + R_HighlyKnown",
        "D = S + M",
        "S = B({q : C(q) in {MaybeKnown, Unknown}})",
        "M = a random {q not in S : C(q) in {WeaklyKnown}} with |M| = 0.1 |{q : C(q) in {Unknown}}|",
        "R_HighlyKnown a random 0.3 |D| of {q not in D : C(q) = HighlyKnown}",
        "B(X): of each relation at random at most as many q of X as its smallest category by C holds",
    ]


def test_the_formula_explains_the_balance_of_a_stage_whose_size_is_matched():
    line = formula(Stage(random_from=("Unknown",)), Stage(now=("HighlyKnown",), balanced=True))
    assert "|D| = |B({q : C(q) in {HighlyKnown}})|; B(X): of each relation" in line


def test_the_page_counts_every_question(known):
    chosen = select(known, EVERY_DRAW, Stage(now=("Unknown",)), "k")
    roles = tuple(f"| {role}" for role in ROLES)
    rows = [line for line in describe(chosen, "a/seed1", "f").splitlines() if line.startswith(roles)]
    assert sum(int(row.split("|")[-2]) for row in rows) == len(chosen)
