"""The sentences of the advice change with the numbers."""

import pytest

import example_tables
from gradual_learning.report import advice

STRATEGIES = {"best": ["first", "second"], "plain": ["first"], "third": ["other"]}
LOST = ("difference", "difference_low", "difference_high", "adjusted_p", "undecided")


@pytest.fixture
def table():
    """`best` is chosen; `plain` is the simplest one, cheaper and not significantly different, like `third`."""
    table = example_tables.advice(list(STRATEGIES))
    change(table, "best", accuracy=0.31, accuracy_low=0.3, accuracy_high=0.32, steps=170, generations=650_000)
    change(
        table, "plain", steps=85, generations=26_000, difference=-0.008, difference_low=-0.016, difference_high=0.0003
    )
    change(table, "third", steps=300, generations=650_000)
    change(table, "base", accuracy=0.266, generations=987_768)
    change(table, "left-out seeds", accuracy=0.305, accuracy_low=0.29, accuracy_high=0.32)
    return table


def change(table, strategy, **values):
    table.loc[table["strategy"] == strategy, list(values)] = list(values.values())


def make_worse(table, strategy, adjusted_p=0.001):
    change(table, strategy, **dict(zip(LOST, (-0.02, -0.03, -0.01, adjusted_p, False), strict=True)))


def box(table):
    """Write the advice, and return its headline and its other lines by their titles."""
    lines = [line.removeprefix(">").strip() for line in advice.box(table, 0.95, STRATEGIES).splitlines()]
    parts = dict(line.removeprefix("- **").split(".** ", 1) for line in lines if line.startswith("- "))
    return lines[0].strip("*"), parts


def test_a_cheaper_alternative_is_named_with_the_most_it_can_lose(table):
    title, parts = box(table)
    expected = "Take `best`, or `plain` if cost matters: it is cheaper and at most 1.6 points worse (95 % interval)."
    assert title == expected
    assert parts["Alternatives"].startswith("Cheaper, without a significant difference: `plain` -0.8 [-1.60, +0.03], ")
    assert "for 50 % of the training steps and 4 % of the generated answers" in parts["Alternatives"]
    assert "Not cheaper, without a significant difference: `third` +0.0 [-1.0, +1.0]." in parts["Alternatives"]
    assert parts["Cost"].startswith("One training run takes 170 training steps and 650,000 generated answers")
    assert "`plain` takes 85 and 26,000. Labeling the questions with the base model takes 990,000" in parts["Cost"]


def test_the_cheapest_of_several_alternatives_is_named(table):
    change(table, "third", cheaper=True, steps=20)
    assert box(table)[0].startswith("Take `best`, or `third` if cost matters")


def test_an_alternative_with_the_same_answers_is_not_worse(table):
    change(table, "plain", difference=0.0, difference_low=0.0, difference_high=0.0)
    assert box(table)[0].endswith("it is cheaper and not worse.")


def test_a_tie_of_strategies_that_save_nothing_is_stated(table):
    change(table, "plain", cheaper=False)
    assert box(table)[0] == "Take `best`: no strategy that does as well on test is cheaper."


def test_a_clear_winner_is_one_after_the_correction_too(table):
    make_worse(table, "plain"), make_worse(table, "third")
    title, parts = box(table)
    assert title == "Take `best`: every other strategy is significantly worse on test."
    assert parts["Alternatives"] == "Worse: `plain` -2.0 [-3.0, -1.0] and `third` -2.0 [-3.0, -1.0]."
    assert "Too few test questions" not in parts
    make_worse(table, "third", adjusted_p=0.2)
    title, parts = box(table)
    assert title.endswith("worse on test, though not after correction for the number of comparisons.")
    assert parts["Alternatives"].endswith("`third` -2.0 [-3.0, -1.0] (before correction only).")


def test_a_strategy_that_is_better_on_test_is_named_but_not_advised(table):
    change(table, "third", **dict(zip(LOST, (0.02, 0.01, 0.03, 0.001, False), strict=True)))
    title, parts = box(table)
    assert title.startswith("Validation chooses `best`, but `third` did significantly better on test")
    assert "Better on test: `third` +2.0 [+1.0, +3.0]. Compare it on new questions" in parts["Alternatives"]
    change(table, "third", adjusted_p=0.3)
    title, parts = box(table)
    assert title.startswith("Take `best`") and "+3.0] (before correction only)" in parts["Alternatives"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((0.03, 0.02, 0.04), "Take `best`"),
        (
            (0.0, -0.01, 0.01),
            "Keep the base model until a strategy is shown to help: `best`, the strategy with the highest val",
        ),
        (
            (-0.03, -0.04, -0.02),
            "Keep the base model: `best`, the strategy with the highest validation accuracy, is worse",
        ),
    ],
)
def test_training_is_advised_only_where_it_gains(table, bounds, expected):
    change(table, "best", **dict(zip(("gain", "gain_low", "gain_high"), bounds, strict=True)))
    assert box(table)[0].startswith(expected)


def test_the_gain_is_that_over_the_base_model_and_over_the_simplest_strategy(table):
    gain = box(table)[1]["Gain"]
    assert "answers 31.0 % [30.0, 32.0] of the 3,192 test questions." in gain
    assert "the base model answers 26.6 %. Compared with that, training gains +3.0 points [+2.0, +4.0]." in gain
    assert gain.endswith(
        "Compared with `plain`, the simplest strategy, it gains +0.8 points [-0.03, +1.60], not significant."
    )
    make_worse(table, "plain")
    assert box(table)[1]["Gain"].endswith("it gains +2.0 points [+1.0, +3.0].")
    change(table, "plain", simplest=False), change(table, "best", simplest=True)
    assert box(table)[1]["Gain"].endswith(
        "It is also the simplest strategy: none has fewer stages, and of these none takes fewer steps."
    )


def test_where_the_format_matters_the_base_model_gets_examples(table):
    table["reference"] = table["epoch"] == "few-shot"
    change(table, "best", gain=-0.03, gain_low=-0.04, gain_high=-0.02)
    table.loc[1, "accuracy"] = 0.34
    title, parts = box(table)
    assert title.startswith("Keep the base model with solved examples in its prompt")
    assert "answers 34.0 % with solved examples in its prompt, and 26.6 % without" in parts["Gain"]
    assert "Compared with the former, training gains -3.0 points [-4.0, -2.0]." in parts["Gain"]
    assert parts["Forgetting"].endswith("the base model answers all of them with examples.")


def test_forgetting_is_compared_with_what_the_base_model_misses(table):
    change(table, "best", forgotten=0.2, forgotten_low=0.18, forgotten_high=0.22)
    change(table, "best", forgotten_more=0.08, forgotten_more_low=0.05, forgotten_more_high=0.11)
    change(table, "base", forgotten=0.12)
    text = box(table)[1]["Forgetting"]
    assert text.startswith("Of the 692 test questions") and "20.0 % [18.0, 22.0] wrongly zero-shot" in text
    assert text.endswith("the base model itself 12.0 %: a change of +8.0 points [+5.0, +11.0].")
    text = box(table.assign(highly_known=0))[1]["Forgetting"]
    assert text == "No test question is HighlyKnown under the base model, so forgetting cannot be measured."


def test_the_choice_is_stated_with_the_runner_up_and_the_seeds(table):
    parts = box(table)[1]
    assert (
        "Of 3 strategies, `best` answers the most of the 1,318 validation questions: 33.8 % (next: `plain`, 33.7 %)"
        in parts["Choice"]
    )
    assert "It trains in 2 stages: `first`, then `second`" in parts["Choice"]
    assert "the others choose `best` in 5 of 5 cases. On the seed left out" in parts["Certainty"]
    assert "answers 30.5 % [29.0, 32.0] of the test questions" in parts["Certainty"]
    change(table, "best", folds=3), change(table, "third", folds=2)
    assert "in 3 of 5 cases (otherwise `third`)." in box(table)[1]["Certainty"]


def test_with_one_seed_the_chance_of_training_is_unknown(table):
    text = box(table[table["strategy"] != "left-out seeds"].assign(seeds=1, folds=float("nan")))[1]["Certainty"]
    assert text.startswith("This run has one seed, so it is unknown") and "`seeds`" in text


def test_too_few_questions_are_stated_with_the_number_that_would_do(table):
    change(table, "plain", mde=0.011, questions_needed=3862)
    text = box(table)[1]["Too few test questions"]
    assert "With 3,192 test questions, this run finds differences from `plain` reliably" in text
    assert text.endswith("only from 1.1 points on. For differences of one point, about 3,900 test questions would do.")
    change(table, "third", difference_low=-0.03, mde=0.02, questions_needed=12768)
    text = box(table)[1]["Too few test questions"]
    assert "differences from `plain` and `third` reliably" in text
    assert "from 1.1 to 2.0 points on" in text and "about 3,900 to 13,000 test questions" in text


def test_enough_questions_need_no_sentence(table):
    change(table, "plain", mde=0.009), change(table, "third", mde=0.02)  # of `third` the interval ends at one point
    assert "Too few test questions" not in box(table)[1]


def test_too_few_questions_to_compare_with_the_base_model(table):
    make_worse(table, "plain"), make_worse(table, "third")
    change(table, "best", gain=0.01, gain_low=-0.02, gain_high=0.04, gain_mde=0.04, gain_questions_needed=51_072)
    title, parts = box(table)
    assert title.startswith("Keep the base model until a strategy is shown to help")
    assert "differences from the base model reliably" in parts["Too few test questions"]
    assert "about 51,000 test questions" in parts["Too few test questions"]


def test_a_single_strategy_is_the_only_one(table):
    table = table[~table["strategy"].isin(["plain", "third"])].copy()
    change(table, "best", simplest=True)
    title, parts = box(table)
    assert title == "Take `best`, the strategy with the highest validation accuracy."
    assert parts["Choice"].startswith("`best` is the only strategy of this run.") and "Alternatives" not in parts


def test_many_alternatives_are_counted():
    names = [f"s{number}" for number in range(9)]
    table = example_tables.advice(names).assign(undecided=lambda rows: rows["strategy"].isin(names[1:]))
    text = advice.box(table.assign(cheaper=False), 0.95, {name: ["first"] for name in names})
    assert "`s4` +0.0 [-1.0, +1.0] and 4 more." in text and "`s5`" not in text


def test_the_box_is_one_quotation(table):
    lines = advice.box(table, 0.9, STRATEGIES).splitlines()
    assert all(line == ">" or line.startswith("> ") for line in lines)
    assert "Brackets hold 90 % intervals; differences are in percentage points" in lines[-1]
