"""The training set of a stage: which questions it selects, replays and draws at random."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gradual_learning.tables.schemas import CATEGORIES
from gradual_learning.training.selection import ROLES, Stage, describe, formula, permute_answers, select


@pytest.fixture
def known():
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": [f"{number:04d}" for number in range(800)],
            "relation": rng.choice(["birthplace", "employer", "rare"], 800, p=[0.5, 0.47, 0.03]),
            "category_current": rng.choice(CATEGORIES, 800, p=[0.4, 0.1, 0.2, 0.3]),
            "category_at_base": rng.choice(CATEGORIES, 800),
        }
    )


def test_single_category_stages_partition_the_questions(known):
    parts = [select(known, Stage(current=(name,)), None, "k")["id"] for name in CATEGORIES]
    assert sorted(itertools.chain.from_iterable(parts)) == known["id"].tolist()


@pytest.mark.parametrize("current", [(), ("MaybeKnown",), ("MaybeKnown", "Unknown")])
@pytest.mark.parametrize("at_base", [("HighlyKnown", "Unknown"), ("WeaklyKnown",)])
def test_selection_equals_its_definition(known, current, at_base):
    expected = {
        row.id
        for row in known.itertuples()
        if (not current or row.category_current in current) and (not at_base or row.category_at_base in at_base)
    }
    assert set(select(known, Stage(current=current, at_base=at_base), None, "k")["id"]) == expected


@pytest.mark.parametrize("ratio", [0.1, 0.2, 0.5])
def test_replay_adds_the_exact_ratio_of_the_named_category_only(known, ratio):
    stage = Stage(current=("MaybeKnown",), replay=(("HighlyKnown", ratio),))
    chosen = select(known, stage, None, "k")
    selected, replay = chosen[chosen["role"] == "selected"], chosen[chosen["role"] == "replay"]
    assert len(replay) == round(ratio * len(selected))
    assert set(replay["category_current"]) == {"HighlyKnown"}
    assert chosen["id"].is_unique


def test_a_pool_too_small_for_its_replay_is_used_in_full(known):
    stage = Stage(current=("MaybeKnown",), replay=(("HighlyKnown", 50.0),))
    replay = select(known, stage, None, "k").query("role == 'replay'")
    assert set(replay["id"]) == set(known[known["category_current"] == "HighlyKnown"]["id"])


def test_random_questions_match_the_size_of_another_stage_and_have_the_named_categories(known):
    matched = Stage(current=("MaybeKnown",))
    chosen = select(known, Stage(random_from=("WeaklyKnown", "Unknown")), matched, "k")
    assert len(chosen) == len(select(known, matched, None, "k"))
    assert set(chosen["category_current"]) == {"WeaklyKnown", "Unknown"}


@pytest.mark.parametrize("ratio", [0.2, 0.5, 1])
def test_random_questions_are_a_ratio_of_what_another_stage_selects(known, ratio):
    matched = Stage(current=("MaybeKnown",))
    chosen = select(known, Stage(random_from=("HighlyKnown",), random_ratio=ratio), matched, "k")
    assert len(chosen) == round(ratio * len(select(known, matched, None, "k")))
    assert set(chosen["role"]) == {"matched_random"}


def test_random_questions_differ_from_the_selected_ones(known):
    stage, matched = Stage(current=("MaybeKnown",), random_from=CATEGORIES), Stage(current=("HighlyKnown",))
    chosen = select(known, stage, matched, "k")
    parts = {role: set(part["id"]) for role, part in chosen.groupby("role")}
    assert parts["selected"] == set(select(known, Stage(current=("MaybeKnown",)), None, "k")["id"])
    assert len(parts["matched_random"]) == len(select(known, matched, None, "k"))
    assert chosen["id"].is_unique


def test_replay_is_a_ratio_of_selected_and_random_questions(known):
    stage = Stage(current=("MaybeKnown",), random_from=("Unknown",), replay=(("HighlyKnown", 0.5),))
    roles = select(known, stage, Stage(current=("MaybeKnown",)), "k")["role"].value_counts()
    assert roles["selected"] == roles["matched_random"] == roles["replay"]


@pytest.mark.parametrize("current", [*((name,) for name in CATEGORIES), tuple(CATEGORIES)])
def test_balanced_stages_keep_as_many_per_relation_as_its_smallest_category_has(known, current):
    chosen = select(known, Stage(current=current, balanced=True), None, "k").merge(known[["id", "relation"]], on="id")
    for relation, inside in known.groupby("relation"):
        smallest = min((inside["category_current"] == name).sum() for name in CATEGORIES)
        assert (chosen["relation"] == relation).sum() == smallest
    assert set(chosen["category_current"]) <= set(current) and chosen["id"].is_unique


def test_balancing_excludes_a_relation_that_lacks_a_category(known):
    lacking = known[(known["relation"] != "rare") | (known["category_current"] != "WeaklyKnown")]
    chosen = select(lacking, Stage(current=("HighlyKnown",), balanced=True), None, "k")
    assert len(chosen) and not set(chosen["id"]) & set(known[known["relation"] == "rare"]["id"])


def test_the_size_of_a_balanced_stage_is_its_balanced_size(known):
    matched = Stage(current=("Unknown",), balanced=True)
    assert len(select(known, Stage(random_from=CATEGORIES), matched, "k")) == len(select(known, matched, None, "other"))


ALL_DRAWS = Stage(
    current=("MaybeKnown", "Unknown"),
    balanced=True,
    random_from=("WeaklyKnown",),
    random_ratio=0.1,
    replay=(("HighlyKnown", 0.3),),
)


@pytest.mark.parametrize("role", ["selected", "matched_random", "replay"])
def test_draws_depend_on_the_key_and_not_on_the_order(known, role):
    def draw(table, key):
        chosen = select(table, ALL_DRAWS, Stage(current=("Unknown",)), key)
        return set(chosen[chosen["role"] == role]["id"])

    assert draw(known, "1/a") == draw(known.sample(frac=1, random_state=3), "1/a") != draw(known, "2/a")


@pytest.mark.parametrize("exponent", [0.5, 1, 2])
def test_weights_are_a_power_of_p_sampled_with_a_mean_of_one(known, exponent):
    known = known.assign(p_sampled=np.random.default_rng(2).choice([0, 0.25, 1], 800))
    chosen = select(known, Stage(current=tuple(CATEGORIES), p_sampled_exponent=exponent), None, "k").set_index("id")
    expected = known.set_index("id").query("p_sampled > 0")["p_sampled"] ** exponent
    assert chosen.index.equals(expected.index)
    np.testing.assert_allclose(chosen["weight"] / expected, 1 / expected.mean())
    assert (select(known, Stage(current=tuple(CATEGORIES)), None, "k")["weight"] == 1).all()


@pytest.fixture
def taught():
    """Forty questions of two relations, some of which have several accepted answers."""
    names = [["Rome", "Roma"], ["the roma!"], ["Oslo"], ["Bern"], ["Kiel"]]
    chosen = np.random.default_rng(3).integers(0, 5, 40)
    rows = {"id": [f"{number:02d}" for number in range(40)], "relation": ["born", "died"] * 20}
    return pd.DataFrame(rows | {"answers": [names[number] for number in chosen]})


def test_permuted_answers_teach_no_fact_and_keep_their_frequencies(taught):
    permuted, kept = permute_answers(taught, "1/a")
    assert kept == 0 and permuted["id"].equals(taught["id"])
    for before, after in zip(taught["answers"], permuted["answers"], strict=True):
        assert before != after and not {before[0][:3].lower(), after[0].lower()[-4:]} >= {"rom", "roma"}
    for relation in ("born", "died"):
        inside = taught["relation"] == relation
        assert sorted(permuted[inside]["answers"]) == sorted(taught[inside]["answers"])


def test_the_permutation_depends_on_the_key_and_not_on_the_order(taught):
    first, shuffled, other = (
        permute_answers(table, key)[0]
        for table, key in ((taught, "1/a"), (taught.sample(frac=1, random_state=3), "1/a"), (taught, "2/a"))
    )
    assert first.equals(shuffled) and not first.equals(other)


@pytest.mark.parametrize(("frequent", "kept"), [(5, 0), (6, 2), (10, 10)])
def test_only_an_answer_of_more_than_half_of_a_relation_is_kept(frequent, kept):
    answers = [["Rome"]] * frequent + [[f"Town {number}"] for number in range(10 - frequent)]
    table = pd.DataFrame({"id": [str(number) for number in range(10)], "relation": "born", "answers": answers})
    for key in "abcdefgh":
        permuted, found = permute_answers(table, key)
        same = sum(one == other for one, other in zip(answers, permuted["answers"], strict=True))
        assert found == same == kept


def test_permuted_answers_are_not_mapped_one_to_one():
    table = pd.DataFrame({"id": [f"{number:03d}" for number in range(300)], "relation": "born"})
    table["answers"] = [[f"Town {number % 6}"] for number in range(300)]
    permuted = permute_answers(table, "k")[0]
    pairs = pd.crosstab(table["answers"].str[0], permuted["answers"].str[0])
    assert ((pairs > 0).sum(axis=1) == 5).all()


def test_without_qualifying_questions_the_page_says_so(known):
    none = select(known[known["category_current"] != "Unknown"], Stage(current=("Unknown",)), None, "k")
    assert none.empty
    assert "passes its parent through" in describe(none, "unknown/seed1", "line")


def test_the_formula_names_every_set():
    stage = Stage.from_config(
        {"train_on": {"current": ["MaybeKnown"], "at_base": ["Unknown"]}, "replay": {"HighlyKnown": 0.2}}
    )
    line = formula(stage)
    assert "C(q) in {MaybeKnown} and C0(q) in {Unknown}" in line
    assert "R_HighlyKnown a random 0.2 |D|" in line
    control = formula(Stage.from_config({"matched_random": {"from": ["Unknown"], "match_size_of": "x"}}), stage)
    assert formula(Stage.from_config({"train_on": {"current": ["Unknown"]}, "shuffle_answers": True})).endswith(
        "; answers are permuted at random within each relation"
    )
    assert "a random {q : C(q) in {Unknown}} with |D| = |{q : C(q) in {MaybeKnown} and C0(q) in {Unknown}}|" in control


def test_the_formula_of_all_draws_together():
    assert formula(ALL_DRAWS, Stage(current=("Unknown",))).split("; ") == [
        "train on D + R_HighlyKnown",
        "D = S + M",
        "S = B({q : C(q) in {MaybeKnown, Unknown}})",
        "M = a random {q not in S : C(q) in {WeaklyKnown}} with |M| = 0.1 |{q : C(q) in {Unknown}}|",
        "R_HighlyKnown a random 0.3 |D| of {q not in D : C(q) = HighlyKnown}",
        "B(X): of each relation at random at most as many q of X as its smallest category by C holds",
    ]


def test_the_formula_explains_the_balance_of_a_stage_whose_size_is_matched():
    line = formula(Stage(random_from=("Unknown",)), Stage(current=("HighlyKnown",), balanced=True))
    assert "|D| = |B({q : C(q) in {HighlyKnown}})|; B(X): of each relation" in line


def test_the_page_counts_every_question(known):
    chosen = select(known, ALL_DRAWS, Stage(current=("Unknown",)), "k")
    roles = tuple(f"| {role}" for role in ROLES)
    rows = [line for line in describe(chosen, "a/seed1", "f").splitlines() if line.startswith(roles)]
    assert sum(int(row.split("|")[-2]) for row in rows) == len(chosen)
