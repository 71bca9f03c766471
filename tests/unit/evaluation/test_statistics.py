"""Statistics of counts: Wilson, McNemar, concordance and corrected p-values, compared with scipy and enumeration."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm, somersd

from gradual_learning.evaluation.statistics import (
    combine_p_values,
    concordance,
    holm_adjust,
    mcnemar_test,
    ratio,
    wilson_interval,
)


def test_a_ratio_to_nothing_is_undefined():
    with np.errstate(all="raise"):
        assert ratio([1, 0, 3], [2, 0, 0]) == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_wilson_interval_by_its_formula():
    hits, trials = np.array([0, 3, 10, 0]), np.array([10, 10, 10, 0])
    share, low, high = wilson_interval(hits, trials, 0.95)
    z = norm.ppf(0.975)
    center = (hits[:3] + z**2 / 2) / (10 + z**2)
    half = z / (10 + z**2) * np.sqrt(hits[:3] * (10 - hits[:3]) / 10 + z**2 / 4)
    assert share[:3].tolist() == [0, 0.3, 1]
    assert low[:3] == pytest.approx(center - half) and high[:3] == pytest.approx(center + half)
    assert np.isnan([share[3], low[3], high[3]]).all()


def test_wilson_interval_broadcasts_trials():
    share, low, high = wilson_interval(np.array([[1, 2], [3, 4]]), np.array([[4], [8]]), 0.9)
    assert share.tolist() == [[0.25, 0.5], [0.375, 0.5]] and low.shape == high.shape == (2, 2)


def test_concordance_is_what_scipy_computes():
    generator = np.random.default_rng(3)
    groups, hit = generator.integers(0, 5, 200), generator.random(200) < 0.4
    hits, misses = (np.bincount(groups[chosen], minlength=5) for chosen in (hit, ~hit))
    area = concordance(hits, misses)
    assert area == pytest.approx(mannwhitneyu(groups[hit], groups[~hit]).statistic / (hit.sum() * (~hit).sum()))
    assert area == pytest.approx((somersd(hit, groups).statistic + 1) / 2)
    assert np.isnan(concordance(hits, 0 * misses))


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (3, 1), (2, 7), (4, 4), (0, 9)])
def test_mcnemar_is_exact(gained, lost):
    before = np.array([False] * gained + [True] * lost + [True, False])
    after = np.array([True] * gained + [False] * lost + [True, False])
    n = gained + lost
    outcomes = [sum(signs) for signs in product([0, 1], repeat=n)]
    as_rare = [outcome for outcome in outcomes if comb(n, outcome) <= comb(n, gained)]
    assert mcnemar_test(before, after)[:2] == (gained, lost)
    assert mcnemar_test(before, after)[2] == pytest.approx(len(as_rare) / 2**n)


def test_combined_p_values_are_valid_when_seeds_are_copies():
    p_values = np.random.default_rng(5).random(4000)
    combined = np.array([combine_p_values([p, p, p]) for p in p_values])
    assert (combined <= 0.05).mean() <= 0.05
    assert combine_p_values([0.03]) == 0.03
    assert combine_p_values([0.9, 0.02, 0.04]) == pytest.approx(0.06)
    assert combine_p_values([0.9, 0.8]) == pytest.approx(0.9)


def test_holm_by_hand():
    assert holm_adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm_adjust([0.9, 0.5]).tolist() == [1, 1]
    assert holm_adjust([0.2]).tolist() == [0.2] and holm_adjust([]).size == 0


def test_holm_agrees_with_its_sequential_definition():
    p_values = np.random.default_rng(1).beta(0.3, 3, size=(200, 6))
    for row in p_values:
        ordered = np.sort(row)
        fails = np.flatnonzero(ordered > 0.05 / np.arange(6, 0, -1))
        rejected = fails[0] if fails.size else 6
        assert (holm_adjust(row) <= 0.05).sum() == rejected
