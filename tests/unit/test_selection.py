"""Stage algebra: what a stage selects, replays and draws at random."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gradual_learning.records import CATEGORIES
from gradual_learning.selection import Stage, describe, formula, select


@pytest.fixture
def known():
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": [f"{number:04d}" for number in range(800)],
            "category_now": rng.choice(CATEGORIES, 800),
            "category_at_base": rng.choice(CATEGORIES, 800),
        }
    )


def test_single_category_stages_partition_the_questions(known):
    parts = [select(known, Stage(now=(name,)), None, "k")["id"] for name in CATEGORIES]
    assert sorted(itertools.chain.from_iterable(parts)) == known["id"].tolist()


@pytest.mark.parametrize("now", [(), ("MaybeKnown",), ("MaybeKnown", "Unknown")])
@pytest.mark.parametrize("at_base", [(), ("WeaklyKnown",)])
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


def test_draws_depend_on_the_key_and_not_on_the_order(known):
    stage = Stage(now=("MaybeKnown",), replay=(("HighlyKnown", 0.3),))
    shuffled = known.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(select(known, stage, None, "1/a"), select(shuffled, stage, None, "1/a"))
    assert not select(known, stage, None, "1/a").equals(select(known, stage, None, "2/a"))


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


def test_the_page_counts_every_question(known):
    chosen = select(known, Stage(now=("MaybeKnown",), replay=(("HighlyKnown", 0.2),)), None, "k")
    rows = [line for line in describe(chosen, "a/seed1", "f").splitlines() if line.startswith(("| sel", "| rep"))]
    assert sum(int(row.split("|")[-2]) for row in rows) == len(chosen)
