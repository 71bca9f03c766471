"""The table of advice: the chosen strategy, the alternatives and the left-out seeds, with intervals."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.evaluation.accuracy import accuracy, few_shot_accuracy
from gradual_learning.evaluation.advice import COLUMNS, advice, left_out
from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.choice import Choice
from gradual_learning.evaluation.comparisons import comparisons
from gradual_learning.evaluation.forgetting import forgetting
from gradual_learning.experiment import BASE
from gradual_learning.tables.files import read_tsv, write_tsv
from knowledge_tables import BOOTSTRAP, HIGHLY, MAYBE, UNKNOWN, knowledge, ordered

CATEGORIES = [HIGHLY, MAYBE, UNKNOWN] * 100


def choice(correct):
    """Make a choice by the correct validation answers of each strategy and seed; later strategies cost more."""
    table = pd.DataFrame.from_dict(correct, orient="index")
    costs = pd.DataFrame({"steps": range(10, 10 + 10 * len(table), 10), "generations": 500.0}, list(correct))
    costs.loc[BASE] = [0, 9000]
    return Choice(table, 200, costs, pd.Series(1, table.index))


def drawn(shares, seeds, zero_shot=0.4):
    """Draw answers: a question has a difficulty that all strategies and seeds share."""
    generator = np.random.default_rng(7)
    difficulty = generator.random((len(CATEGORIES), 1))
    noise = 0.02 * generator.standard_normal((len(shares), len(CATEGORIES), seeds))
    answers = {name: difficulty + noise[place] < share for place, (name, share) in enumerate(shares.items())}
    return {BASE: difficulty < zero_shot, **answers}


def table_of(answers, correct):
    return advice(ordered(knowledge(CATEGORIES)), answers, choice(correct), BOOTSTRAP)


def rows_of(answers, correct):
    table = table_of(answers, correct)
    return table[table["epoch"] == "best"].set_index("strategy")


def interval(row, key, low="low", high="high"):
    return row[[key, low, high]].to_numpy(dtype=float)


def estimate(row, key):
    return interval(row, key, f"{key}_low", f"{key}_high")


def test_the_numbers_are_those_of_the_other_tables():
    answers, known = drawn({"x": 0.5, "y": 0.55, "z": 0.4}, seeds=3), ordered(knowledge(CATEGORIES))
    categories = category_indicators(known)
    found = rows_of(answers, {"x": [90, 90, 90], "y": [80, 80, 80], "z": [70, 70, 70]})
    pairs = comparisons(categories, answers, [["x", "y"], ["x", "z"]], BOOTSTRAP).query("category == 'Full'")
    for _, pair in pairs.iterrows():
        row = found.loc[pair["strategy"]]
        assert np.allclose(estimate(row, "difference"), interval(pair, "difference"))
        assert np.allclose(row[["mde", "adjusted_p"]].astype(float), pair[["mde", "adjusted_p"]].astype(float))
    row, base = found.loc["y"], comparisons(categories, answers, [[BASE, "y"]], BOOTSTRAP).set_index("category")
    assert np.allclose(estimate(row, "gain"), interval(base.loc["Full"], "difference"))
    assert np.allclose(estimate(row, "forgotten_more"), -interval(base.loc[HIGHLY], "difference", "high", "low"))
    shares = accuracy(categories, {("y", "best"): answers["y"]}, BOOTSTRAP).iloc[0]
    assert np.allclose(estimate(row, "accuracy"), interval(shares, "accuracy"))
    keyed = {(BASE, "-"): answers[BASE], ("y", "best"): answers["y"]}
    lost = forgetting(categories[:, 0], keyed, BOOTSTRAP).iloc[1]
    assert np.allclose(estimate(row, "forgotten"), interval(lost, "forgotten"))


def test_validation_chooses_and_the_test_questions_separate_the_others():
    answers = drawn({"cheap": 0.5, "chosen": 0.5, "worse": 0.3}, seeds=2)
    table = rows_of(answers, {"cheap": [80, 80], "chosen": [90, 90], "worse": [99, 10]})
    assert table.index[table["chosen"]].tolist() == ["chosen"]
    assert table.index[table["undecided"]].tolist() == ["cheap"]
    assert table.index[table["cheaper"]].tolist() == table.index[table["simplest"]].tolist() == ["cheap"]
    assert table["folds"].dropna().tolist() == [0, 1, 1], "without the second seed, `worse` would win"
    assert table.loc["chosen", ["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]
    assert table.loc["worse", "difference_high"] < 0 and table.loc["worse", "adjusted_p"] < 0.01


def test_a_seed_left_out_counts_under_the_strategy_of_the_others():
    answers = drawn({"x": 0.5, "y": 0.4}, seeds=2)
    table = rows_of(answers, {"x": [90, 10], "y": [20, 70]})
    expected = np.mean([answers["y"][:, 0].mean(), answers["x"][:, 1].mean()])
    row = table.loc["left-out seeds"]
    assert row["accuracy"] == pytest.approx(expected)
    assert row["difference"] == pytest.approx(expected - answers["x"].mean(), abs=1e-9)
    assert row["accuracy_low"] < expected < row["accuracy_high"] and not row["undecided"] and np.isnan(row["stages"])


def test_the_seeds_left_out_are_free_of_the_optimism_of_choosing():
    generator = np.random.default_rng(2)
    names, results = [f"s{number}" for number in range(10)], []
    for _ in range(100):
        lucky = 0.3 + 0.02 * generator.standard_normal(
            (len(names), 3)
        )  # of equal strategies; luck shows in both splits
        decided = choice({name: (200 * row).round() for name, row in zip(names, lucky, strict=True)})
        answers = {name: row[None] for name, row in zip(names, lucky, strict=True)}
        results.append((answers[decided.chosen()].mean(), left_out(answers, decided)["left-out seeds"].mean()))
    chosen, free = np.mean(results, axis=0)
    assert chosen > 0.31 and free == pytest.approx(0.3, abs=0.004)


def test_one_seed_has_no_folds():
    table = rows_of(drawn({"x": 0.5, "y": 0.4}, seeds=1), {"x": [90], "y": [20]})
    assert list(table.index) == ["x", "y"] and table["folds"].isna().all()


@pytest.mark.parametrize(("zero_shot", "expected"), [(0.4, "-"), (0.01, "few-shot")])
def test_the_base_model_is_compared_few_shot_where_zero_shot_misses_the_format(zero_shot, expected):
    known, answers = ordered(knowledge(CATEGORIES)), drawn({"x": 0.55, "y": 0.5}, 2, zero_shot)
    table = table_of(answers, {"x": [90, 90], "y": [80, 80]})
    reference = table[table["reference"]].iloc[0]
    assert (reference["strategy"], reference["epoch"]) == (BASE, expected)
    assert reference["gain"] == reference["gain_low"] == reference["gain_high"] == 0
    assert table.loc[2, "gain"] == pytest.approx(answers["x"].mean() - reference["accuracy"])
    few_shot = few_shot_accuracy(known, category_indicators(known), BOOTSTRAP).iloc[0]
    assert (
        table.loc[1, ["accuracy", "accuracy_low", "accuracy_high"]].tolist()
        == few_shot[["accuracy", "low", "high"]].tolist()
    )
    assert table.loc[1, "forgotten"] == 0


def test_the_questions_needed_grow_with_the_square_of_the_detectable_effect():
    table = rows_of(drawn({"x": 0.5, "y": 0.45}, seeds=2), {"x": [90, 90], "y": [80, 80]})
    row = table.loc["y"]
    assert row["questions"] == 300 and row["questions_needed"] == np.ceil(300 * (row["mde"] / 0.01) ** 2)
    assert row["gain_questions_needed"] == np.ceil(300 * (row["gain_mde"] / 0.01) ** 2)


def test_equal_answers_are_undecided_and_need_no_questions(tmp_path):
    answers = drawn({"x": 0.5}, seeds=2)
    table = table_of({**answers, "same": answers["x"].copy()}, {"x": [90, 90], "same": [80, 80]})
    row = table.set_index("strategy").loc["same"]
    assert (
        row["undecided"] and row["difference_low"] == row["difference_high"] == 0 and np.isnan(row["questions_needed"])
    )
    write_tsv(table, tmp_path / "advice.tsv")
    stored = read_tsv(tmp_path / "advice.tsv")
    flags = ["chosen", "simplest", "cheaper", "undecided", "reference"]
    assert list(stored.columns) == COLUMNS and set(map(str, stored[flags].dtypes)) == {"bool"}
