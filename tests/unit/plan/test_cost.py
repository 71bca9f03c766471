"""Fixed and marginal costs: of work that takes a known time, and their arithmetic."""

import time

import pytest

from gradual_learning.plan import cost
from gradual_learning.plan.cost import Cost


def test_portions_grow_until_the_budget_is_spent(monkeypatch):
    portions = []
    cost.measure(portions.append, most=20)
    assert portions == [1, 1, 4, 16, 20], "the first portion is not timed"
    monkeypatch.setattr(cost, "BUDGET", 0)
    portions.clear()
    cost.measure(portions.append, most=20)
    assert portions == [1, 1, 4], "one portion is not enough to tell the fixed part from the rest"


def test_fixed_and_marginal_parts_are_found():
    measured = cost.measure(lambda count: time.sleep(0.05 + 0.005 * count), most=16)
    assert measured.fixed == pytest.approx(0.05, rel=0.3) and measured.marginal == pytest.approx(0.005, rel=0.3)


def test_a_single_unit_has_no_fixed_part():
    measured = cost.measure(lambda count: time.sleep(0.01), most=1)
    assert measured.fixed == 0 and measured.marginal >= 0.01


def test_costs_add_up():
    cheap, dear = Cost(1.0, 0.1), Cost(0.5, 0.3)
    assert cheap.seconds(units=100, batches=2) == pytest.approx(12)
    assert cheap.at_least(dear) == Cost(1.0, 0.3)
    assert cheap.between(dear, 0) == cheap and cheap.between(dear, 1) == dear
