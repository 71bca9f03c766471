"""The choice of a strategy by validation accuracy."""

import pandas as pd
import pytest

from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.choice import Choice
from gradual_learning.experiment import Experiment

STRATEGIES = {"all": ["everything"], "one": ["first"], "two": ["first", "second"]}


def choice(correct, steps=(30, 10, 20), generations=(100, 100, 1000), matched=()):
    """Make a choice between three strategies by their correct answers of each seed."""
    names = list(STRATEGIES)
    table = pd.DataFrame.from_dict(dict(zip(names, correct, strict=True)), orient="index")
    table.columns = range(1, len(table.columns) + 1)
    costs = pd.DataFrame({"steps": steps, "generations": generations}, names).astype(float)
    return Choice(table, 200, costs, pd.Series({name: len(chain) for name, chain in STRATEGIES.items()}), matched)


def test_the_best_epoch_of_the_last_stage_counts():
    rows = [
        ("everything", 1, 0.1, True),
        ("everything", 2, 0.2, True),
        ("first", 1, 0.9, False),
        ("first", 1, 0.3, True),
    ]
    rows += [("first", 2, 0.25, True), ("first+second", 1, 0.305, True), ("first+second", 2, 0.45, True)]
    curves = pd.DataFrame(rows, columns=["checkpoint", "seed", "validation_accuracy", "best"])
    amounts = [("base", "all", 0, 500), ("all", "all", 60, 200), ("one", "training", 20, 80), ("one", "all", 20, 100)]
    cost = pd.DataFrame([*amounts, ("two", "all", 40, 900)], columns=["strategy", "activity", "steps", "generations"])
    found = Choice.from_tables(curves, cost, 200, Design(STRATEGIES, [1, 2]), ["one"])
    assert found.correct.loc["two"].tolist() == [61, 90] and found.correct.loc["one"].tolist() == [60, 50]
    assert found.chosen() == "two" and found.matched == ["one"]
    assert found.costs.loc["one"].tolist() == [10, 50] and found.costs.loc["base"].tolist() == [0, 500]
    assert found.stages.to_dict() == {"all": 1, "one": 1, "two": 2}


@pytest.mark.parametrize(
    ("correct", "steps", "expected"),
    [
        ([[50, 50], [60, 60], [61, 60]], (30, 10, 20), "two"),
        ([[50, 70], [60, 60], [61, 59]], (30, 10, 20), "one"),  # a tie of all three: the fewest steps
        ([[50, 70], [60, 60], [61, 58]], (30, 30, 20), "all"),  # a tie in steps too: the first
    ],
)
def test_validation_accuracy_decides_and_of_equals_the_number_of_steps(correct, steps, expected):
    assert choice(correct, steps).chosen() == expected


def test_without_a_seed_the_others_decide():
    found = choice([[50, 50, 50], [60, 60, 60], [90, 55, 59]])
    assert found.chosen() == "two"
    assert found.without_each_seed() == {1: "one", 2: "two", 3: "two"}
    assert choice([[50], [60], [90]]).without_each_seed() == {}


@pytest.mark.parametrize(
    ("steps", "matched", "expected"),
    [
        ((30, 10, 5), (), "one"),
        ((30, 0, 5), (), "all"),  # no question to train on
        ((30, 10, 5), ("one",), "all"),
    ],
)
def test_the_simplest_strategy_has_the_fewest_stages_and_steps(steps, matched, expected):
    assert choice([[1], [1], [2]], steps, matched=matched).simplest() == expected


@pytest.mark.parametrize(
    ("steps", "generations", "matched", "expected"),
    [
        ((30, 10, 30), (900, 1000, 1000), (), ["all", "one"]),
        ((30, 28, 30), (1000, 1000, 1000), (), []),  # early stopping alone can save as much
        ((30, 10, 30), (1000, 1001, 1000), (), []),  # fewer steps, but more answers
        ((30, 10, 30), (1000, 1000, 1000), ("one",), []),
        ((30, 0, 30), (1000, 500, 1000), (), []),  # no question to train on: it is the base model
    ],
)
def test_cheaper_strategies_need_no_more_of_anything(steps, generations, matched, expected):
    assert choice([[1], [1], [2]], steps, generations, matched).cheaper() == expected


def test_strategies_that_match_the_steps_of_another_are_found():
    stages = {"first": {"match_steps_of": None}, "again": {"match_steps_of": "first"}}
    strategies = {"one": ["first"], "longer": ["first", "again"], "same": ["again", "first"]}
    experiment = Experiment(stages, strategies, seeds=[1], training={}, category_ranking={})
    assert experiment.matched_strategies() == ["longer", "same"]
