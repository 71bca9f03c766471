"""Accuracy, comparisons, forgetting, knowledge gained and the describing tables, on cases worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from gradual_learning.measures import metrics, runs, statistics, tables
from gradual_learning.measures.labelled import Labels
from gradual_learning.measures.statistics import Bootstrap
from gradual_learning.records import CATEGORIES, EVALUATION, KNOWLEDGE, UserError, read_json_lines, write_table

BOOTSTRAP = Bootstrap(draws=300, confidence=0.95, seed=1)
STRATEGIES = {"one": ["a"], "two": ["a", "b"], "other": ["c"]}
HIGHLY, MAYBE, WEAKLY, UNKNOWN = CATEGORIES


def knowledge(categories, greedy=None):
    """Make a table of categories; ``greedy``: right answers of 10 (default: as the category says)."""
    p0 = {HIGHLY: 10, MAYBE: 5, WEAKLY: 0, UNKNOWN: 0}
    right = [p0[name] for name in categories] if greedy is None else greedy
    frame = pd.DataFrame({"id": [f"{i:016x}" for i in range(len(categories))], "category": categories})
    frame = frame.assign(relation="r", greedy_correct=right, greedy_drawn=10, sampled_correct=0, sampled_drawn=0)
    return frame.assign(p0=frame["greedy_correct"] / 10, ps=np.nan)[KNOWLEDGE.names]


def read_back(frame, path):
    write_table(frame, KNOWLEDGE, path)
    return runs.read_knowledge(path)


def random_case(questions=200, seeds=2):
    generator = np.random.default_rng(4)
    member = np.eye(4, dtype=np.int8)[generator.choice(4, questions, p=[0.3, 0.3, 0.3, 0.1])]
    right = {(name, "best"): generator.random((questions, seeds)) < share for name, share in (("x", 0.5), ("y", 0.6))}
    base = {(runs.BASE, runs.NO_EPOCH): generator.random((questions, 1)) < 0.4}
    return member, base | right


def test_full_accuracy_is_the_weighted_mean_of_the_categories():
    member, answers = random_case()
    table = metrics.accuracy(member, answers, BOOTSTRAP)
    full = table[table["category"] == "Full"].set_index("strategy")["accuracy"]
    for (name, _), right in answers.items():
        assert full[name] == pytest.approx(right.mean())
    assert (table["low"] <= table["accuracy"]).all() and (table["accuracy"] <= table["high"]).all()


def test_few_shot_accuracy_is_the_mean_of_p0(tmp_path):
    known = read_back(knowledge([HIGHLY, MAYBE, WEAKLY, UNKNOWN] * 20), tmp_path / "k.parquet")
    table = metrics.few_shot(known, runs.membership(known), BOOTSTRAP)
    assert set(table["epoch"]) == {"few-shot"} and table["questions"].tolist() == [80, 20, 20, 20, 20]
    accuracy = table.set_index("category")["accuracy"]
    assert accuracy["Full"] == pytest.approx((known["greedy_correct"] / known["greedy_drawn"]).mean())
    assert accuracy["HighlyKnown"] == 1 and accuracy["Unknown"] == 0 < accuracy["MaybeKnown"] < 1
    metrics.check_full(table)


def test_a_question_without_category_fails_the_check():
    member, answers = random_case()
    member[5] = 0
    with pytest.raises(ValueError, match="full accuracy"):
        metrics.accuracy(member, answers, BOOTSTRAP)


def test_the_check_notices_a_wrong_number():
    member, answers = random_case()
    table = metrics.accuracy(member, answers, BOOTSTRAP)
    metrics.check_full(table)
    table.loc[2, "accuracy"] += 0.01
    with pytest.raises(ValueError, match="four categories"):
        metrics.check_full(table)


def test_an_empty_category_is_left_empty():
    member, answers = random_case()
    member[:, 2] |= member[:, 3]
    member[:, 3] = 0
    table = metrics.accuracy(member, answers, BOOTSTRAP)
    unknown = table[table["category"] == UNKNOWN]
    assert (unknown["questions"] == 0).all() and unknown[["accuracy", "low", "high"]].isna().all(axis=None)


def test_the_order_of_strategies_changes_nothing():
    member, answers = random_case()
    key = ["strategy", "epoch", "category"]
    one = metrics.accuracy(member, answers, BOOTSTRAP).set_index(key)
    other = metrics.accuracy(member, dict(reversed(answers.items())), BOOTSTRAP).set_index(key)
    pd.testing.assert_frame_equal(one, other.loc[one.index], check_exact=True)
    alone = {("x", "best"): answers["x", "best"]}
    single = metrics.accuracy(member, alone, BOOTSTRAP).set_index(key)
    pd.testing.assert_frame_equal(single, one.loc[single.index], check_exact=True)


def test_the_order_of_rows_in_a_file_changes_nothing(tmp_path):
    frame = knowledge([HIGHLY, MAYBE, UNKNOWN, WEAKLY])
    straight = read_back(frame, tmp_path / "a.parquet")
    shuffled = read_back(frame.sample(frac=1, random_state=1), tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(straight, shuffled)


def test_comparison_by_hand():
    member = np.eye(4, dtype=np.int8)[[0, 0, 1, 1]]
    before = np.array([[1, 1], [1, 0], [0, 0], [0, 0]], dtype=bool)
    after = np.array([[1, 1], [0, 0], [1, 1], [1, 0]], dtype=bool)
    table = metrics.comparisons(member, {"p": before, "q": after}, [["p", "q"]], BOOTSTRAP).set_index("category")
    assert table.loc["Full", ["gained", "lost"]].tolist() == [3, 1]
    assert table.loc["Full", "difference"] == pytest.approx((3 - 1) / 8)
    assert table.loc["Full", ["worst_seed", "best_seed"]].tolist() == [0.25, 0.25]
    assert table.loc[MAYBE, ["worst_seed", "best_seed"]].tolist() == [0.5, 1]
    assert table.loc[HIGHLY, "difference"] == pytest.approx(-1 / 4)


def test_a_strategy_against_itself_differs_by_nothing():
    member, answers = random_case()
    right = answers["x", "best"]
    table = metrics.comparisons(member, {"x": right, "same": right.copy()}, [["x", "same"]], BOOTSTRAP)
    assert (table[["difference", "low", "high", "gained", "lost"]] == 0).all(axis=None)
    assert (table["mcnemar_p"] == 1).all() and table["mde"].isna().all()


def test_p_values_of_the_full_accuracies_are_adjusted_for_their_number():
    member, answers = random_case(seeds=3)
    named = {name: right for (name, _), right in answers.items()}
    pairs = [[runs.BASE, "x"], [runs.BASE, "y"], ["x", "y"]]
    table = metrics.comparisons(member, named, pairs, BOOTSTRAP)
    full = table["category"] == "Full"
    assert table.loc[~full, "adjusted_p"].isna().all()
    assert table.loc[full, "adjusted_p"].tolist() == statistics.holm(table.loc[full, "mcnemar_p"]).tolist()
    alone = metrics.comparisons(member, named, pairs[:1], BOOTSTRAP).iloc[0]
    assert alone["adjusted_p"] == alone["mcnemar_p"]


def test_more_questions_detect_smaller_effects():
    effects = []
    for questions in (100, 6400):
        member, answers = random_case(questions, seeds=5)
        named = {name: right for (name, _), right in answers.items()}
        table = metrics.comparisons(member, named, [["x", "y"]], BOOTSTRAP)
        assert (table["mde"] > (table["high"] - table["low"]) / 2).all()
        effects.append(table.loc[0, "mde"])
    assert effects[1] < effects[0] / 2


def test_pairing_narrows_the_interval():
    generator = np.random.default_rng(2)
    before = generator.random((400, 1)) < 0.5
    after = before | (generator.random((400, 1)) < 0.05)
    member = np.eye(4, dtype=np.int8)[np.zeros(400, int)]
    table = metrics.comparisons(member, {"b": before, "a": after}, [["b", "a"]], BOOTSTRAP).iloc[0]
    assert table["low"] > 0 and table["high"] - table["low"] < 0.05


def test_the_base_model_is_compared_with_every_seed():
    member, answers = random_case(seeds=3)
    named = {name: right for (name, _), right in answers.items()}
    row = metrics.comparisons(member, named, [[runs.BASE, "x"]], BOOTSTRAP).iloc[0]
    assert row["seeds"] == 3
    assert row["difference"] == pytest.approx(named["x"].mean() - named[runs.BASE].mean())


def test_forgetting_by_hand():
    known = np.array([1, 1, 1, 1, 0, 0])
    base = np.array([[1], [1], [1], [0], [0], [1]], dtype=bool)
    later = np.array([[1, 1], [1, 0], [0, 0], [0, 1], [0, 0], [0, 0]], dtype=bool)
    table = metrics.forgetting(known, {("base", "-"): base, ("s", "best"): later}, BOOTSTRAP).set_index("strategy")
    assert table.loc["s", "forgotten"] == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert (table["base_unanswered"] == 0.25).all() and table.loc["base", "forgotten"] == 0.25
    assert (table["highly_known"] == 4).all()


def test_p0_fall_by_hand(tmp_path):
    base = read_back(knowledge([HIGHLY, HIGHLY, MAYBE, UNKNOWN]), tmp_path / "base.parquet")
    later = knowledge([MAYBE, HIGHLY, MAYBE, UNKNOWN], greedy=[4, 10, 1, 0])
    same = read_back(knowledge([HIGHLY, HIGHLY, UNKNOWN, UNKNOWN]), tmp_path / "same.parquet")
    table = metrics.p0_fall(base, {"s": [later, later], "kept": [same]}, BOOTSTRAP).set_index("strategy")
    assert table.loc["s", "p0_fall"] == pytest.approx((0.6 + 0) / 2)
    assert table.loc["kept", ["p0_fall", "p0_low", "p0_high"]].tolist() == [0, 0, 0]
    assert table.loc["s", "p0_questions"] == 2


def test_knowledge_gain_by_hand():
    base = np.repeat([1, 0], [100, 300])
    first = np.repeat([1, 0], [200, 200])[:, None]
    final = np.repeat([1, 0], [250, 150])[:, None]
    row = metrics.knowledge_gain(base, {"two": (first, final)}, BOOTSTRAP).iloc[0]
    assert (row["hk_base"], row["hk_first"], row["hk_final"]) == (100, 200, 250)
    assert row["relative"] == pytest.approx(250 / 200 - 1)
    assert row["incremental"] == pytest.approx((250 - 100) / (200 - 100) - 1)
    assert row["low"] < 0.25 < row["high"] and row["inc_low"] < 0.5 < row["inc_high"]
    assert row["reason"] == ""


def test_gain_over_nothing_is_left_empty_with_a_reason():
    generator = np.random.default_rng(0)
    base, first, final = (generator.random((100, 1)) < 0.3 for _ in range(3))
    row = metrics.knowledge_gain(base[:, 0], {"two": (first, final)}, BOOTSTRAP).iloc[0]
    assert np.isnan(row["incremental"]) and np.isnan(row["inc_low"]) and "HK1 - HK0" in row["reason"]


def test_the_retest_is_counted_beside_the_gain():
    base = np.repeat([1, 0], [100, 300])
    chains = {"two": (base[:, None], base[:, None])}
    again = np.roll(base, 3)[: len(base)] | base
    assert metrics.knowledge_gain(base, chains, BOOTSTRAP, again)["hk_retest"].tolist() == [103]
    assert metrics.knowledge_gain(base, chains, BOOTSTRAP)["hk_retest"].isna().all()


def test_the_retest_floor_is_taken_off_every_move(tmp_path):
    paths = write_labels(
        tmp_path,
        {
            "base": [HIGHLY, HIGHLY, MAYBE, MAYBE, MAYBE, MAYBE],
            "retest": [HIGHLY, MAYBE, MAYBE, MAYBE, MAYBE, HIGHLY],
            "a/seed1": [HIGHLY, HIGHLY, HIGHLY, HIGHLY, MAYBE, UNKNOWN],
        },
    )
    labels = Labels(paths["base"], [paths["a/seed1"]] * 2, ["a/seed1", "a+b/seed1"], STRATEGIES, [1])
    keys = ["to_checkpoint", "from_category", "to_category"]
    table = (
        tables.transitions(labels.steps("probe") | labels.retest(paths["retest"], "train")).set_index(keys).sort_index()
    )
    up = table.loc["a", MAYBE, HIGHLY]
    assert up[["share", "floor", "excess"]].tolist() == [0.5, 0.25, 0.25]
    assert table.loc["a", HIGHLY, MAYBE]["excess"] == -0.5
    assert (table.loc[runs.RETEST, "excess"].dropna() == 0).all()
    sums = table.dropna().groupby(["to_checkpoint", "from_category"])["excess"].sum()
    assert sums.to_numpy() == pytest.approx(0)
    assert tables.transitions(labels.steps("probe"))[["floor", "excess"]].isna().all(axis=None)


def write_labels(folder, sequences):
    """Write for each checkpoint the categories of the same questions; the first is the base model."""
    paths = {}
    for number, (name, categories) in enumerate(sequences.items()):
        paths[name] = str(folder / f"{number}.parquet")
        write_table(knowledge(categories), KNOWLEDGE, paths[name])
    return paths


def test_labels_follow_the_chains(tmp_path):
    paths = write_labels(
        tmp_path,
        {
            "base": [HIGHLY, MAYBE, UNKNOWN, UNKNOWN],
            "a/seed1": [HIGHLY, HIGHLY, WEAKLY, UNKNOWN],
            "a/seed2": [MAYBE, HIGHLY, UNKNOWN, UNKNOWN],
            "a+b/seed1": [HIGHLY, HIGHLY, HIGHLY, UNKNOWN],
            "a+b/seed2": [HIGHLY, HIGHLY, UNKNOWN, UNKNOWN],
        },
    )
    base = paths.pop("base")
    labels = Labels(base, list(paths.values()), list(paths), STRATEGIES, [1, 2])
    first, final = labels.highly_known()["two"]
    assert list(labels.highly_known()) == ["two"]
    assert first.sum(axis=0).tolist() == [2, 1] and final.sum(axis=0).tolist() == [3, 2]

    shares = tables.categories(labels.by_chain("train"), BOOTSTRAP)
    mean = shares[(shares["checkpoint"] == "a+b") & (shares["seed"] == "mean")].set_index("category")
    assert mean.loc[HIGHLY, "questions"] == 2.5
    assert mean["share"].sum() == pytest.approx(1)
    assert shares.groupby(["checkpoint", "seed"])["share"].sum().to_numpy() == pytest.approx(1)

    moves = tables.transitions(labels.retest(base, "train") | labels.steps("train"))
    keys = ["from_checkpoint", "to_checkpoint", "seed", "from_category", "to_category"]
    counts = moves.set_index(keys)["questions"]
    assert counts["base", "a", "1", UNKNOWN, WEAKLY] == 1
    assert counts["a", "a+b", "2", MAYBE, HIGHLY] == 1
    assert (moves.groupby(keys[:3])["questions"].sum() == 4).all()
    again = moves[moves["to_checkpoint"] == runs.RETEST]
    assert (again[again["questions"] > 0]["from_category"] == again[again["questions"] > 0]["to_category"]).all()
    assert again.loc[again["from_category"] == WEAKLY, "share"].isna().all()


def test_other_questions_are_refused(tmp_path):
    paths = write_labels(tmp_path, {"base": [HIGHLY, MAYBE], "later": [HIGHLY, MAYBE, UNKNOWN]})
    ids = runs.read_knowledge(paths["base"])["id"]
    with pytest.raises(UserError, match=r"1\.parquet"):
        runs.read_matching(paths["later"], ids)


def test_answers_are_lined_up_by_id(tmp_path):
    ids = [f"{i:016x}" for i in range(3)]
    for name, right in {"base": [1, 0, 0], "a": [0, 0, 1]}.items():
        frame = pd.DataFrame({"id": ids, "relation": "r", "answer": "x", "correct": [bool(r) for r in right]})
        write_table(frame.iloc[::-1], EVALUATION, tmp_path / f"{name}.parquet")
    files = {"best": {"a/seed7": str(tmp_path / "a.parquet")}}
    found = runs.answers(str(tmp_path / "base.parquet"), files, {"one": ["a"]}, [7], ids)
    assert found["base", "-"][:, 0].tolist() == [True, False, False]
    assert found["one", "best"][:, 0].tolist() == [False, False, True]


def test_labelled_chains_are_shared_and_sorted():
    strategies = {"s": ["a"], "t": ["a", "b"], "u": ["a", "b", "c"], "v": ["d"], "w": ["a", "e"]}
    assert runs.labelled_chains(strategies) == [("a",), ("a", "b"), ("a", "e"), ("a", "b", "c")]


def test_learning_curves_mark_the_best_epoch(tmp_path):
    epochs = [{"epoch": e, "step": 3 * e, "train_loss": None if e == 0 else 0.5} for e in range(3)]
    accuracies = {"train_accuracy": None, "validation_accuracy": 0.5}
    (tmp_path / "log").write_text("".join(json.dumps(epoch | accuracies) + "\n" for epoch in epochs))
    (tmp_path / "summary").write_text(json.dumps({"best_epoch": 2}, indent=2))
    name = "a+b/seed3"
    table = tables.learning_curves({name: str(tmp_path / "log")}, {name: str(tmp_path / "summary")})
    assert table["best"].tolist() == [False, False, True]
    assert table.loc[0, ["checkpoint", "seed", "stage"]].tolist() == ["a+b", "3", "b"]


def test_a_broken_log_names_its_line(tmp_path):
    (tmp_path / "log").write_text('{"epoch": 0}\n{"epoch":\n')
    with pytest.raises(UserError, match=r"log:2"):
        read_json_lines(str(tmp_path / "log"))


def test_training_data_is_counted_with_its_formula(tmp_path):
    rows = [
        ("selected", MAYBE, MAYBE),
        ("selected", MAYBE, WEAKLY),
        ("replay", HIGHLY, HIGHLY),
        ("selected", MAYBE, MAYBE),
    ]
    lines = [
        json.dumps({"id": str(i), "role": role, "category_now": now, "category_at_base": base, "question": "q"})
        for i, (role, now, base) in enumerate(rows)
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "f.md").write_text("# a\n\n`train on D`\n\n| x |\n")
    data = {"a/seed1": str(tmp_path / "d.jsonl"), "c/seed1": str(tmp_path / "empty.jsonl")}
    table = tables.training_data(data, dict.fromkeys(data, str(tmp_path / "f.md")))
    assert table["role"].tolist() == ["selected", "selected", "replay", ""]
    assert table["questions"].tolist() == [2, 1, 1, 0]
    assert (table["formula"] == "train on D").all()
