"""Intervals against slow loops, closed forms and simulated truth; McNemar against enumeration, Holm by hand."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import norm, t

import crossed
from gradual_learning.measures.statistics import POWER, Bootstrap, combine, holm, mcnemar, ratio, seed_folds, seed_mean

BOOTSTRAP = Bootstrap(draws=400, confidence=0.9, seed=3)


def answers(shape, share=0.6, seed=0):
    return (np.random.default_rng(seed).random(shape) < share).astype(np.int8)


def mean_folds(values, bootstrap=BOOTSTRAP):
    """Give the folds and draws of the mean of 0/1 ``values`` (questions, seeds)."""
    return seed_folds(bootstrap.questions(values)[:, :, None])[..., 0] / len(values)


def slow_interval(values, bootstrap):
    """Give the interval of a mean from textbook variances and resampling one by one with another generator."""
    generator = np.random.default_rng(99)
    questions, seeds = values.shape
    covariance = np.cov(values.T, ddof=0) / questions
    common = (covariance.sum() - np.trace(covariance)) / (seeds * (seeds - 1))
    between = values.mean(axis=0).var(ddof=1) / seeds
    draws = [values[generator.choice(questions, questions)].mean() for _ in range(bootstrap.draws)]
    shrunk = (np.array(draws) - values.mean()) * np.sqrt(common / np.var(draws))
    tail = (1 - bootstrap.confidence) / 2
    reach = [
        between * t.ppf(level, seeds - 1) + np.sqrt(common) * np.quantile(shrunk, level) for level in (tail, 1 - tail)
    ]
    return values.mean() + np.array(reach) / np.sqrt(between + common)


def test_the_first_row_is_the_sample_and_every_draw_has_as_many_questions():
    sums = BOOTSTRAP.questions(np.hstack([answers((50, 3)), np.ones((50, 1), np.int8)]))
    assert (sums[0, :3] == answers((50, 3)).sum(axis=0)).all()
    assert (sums[:, 3] == 50).all()


@pytest.mark.parametrize("scale", [1, 10**7])
def test_sums_equal_a_loop_over_the_drawn_questions(scale):
    values = answers((40, 3)).astype(np.int64) * scale
    weights = BOOTSTRAP.questions(np.eye(40, dtype=np.int8))
    sums = BOOTSTRAP.questions(values)
    for draw in (0, 1, 7, 400):
        for column in range(3):
            assert sums[draw, column] == sum(weights[draw, row] * values[row, column] for row in range(40))


def test_more_draws_continue_fewer_draws_across_chunks():
    values = answers((20_000, 2))  # a hundred draws a chunk
    short, long = (Bootstrap(draws, 0.9, 3).questions(values) for draws in (150, 260))
    assert (long[:151] == short).all()
    assert len(np.unique(long[1:], axis=0)) > 250


def test_a_column_is_the_same_alone_and_among_others():
    values = answers((60, 5))
    assert (BOOTSTRAP.questions(values)[:, [3, 1]] == BOOTSTRAP.questions(values[:, [3, 1]])).all()


def test_the_seed_decides_the_draws():
    values = answers((60, 1))
    assert (BOOTSTRAP.questions(values) == Bootstrap(400, 0.5, 3).questions(values)).all()
    assert (BOOTSTRAP.questions(values) != Bootstrap(400, 0.9, 4).questions(values)).any()


def test_interval_agrees_with_a_slow_reference():
    values = answers((80, 4)) | answers((80, 1), 0.3, seed=1)
    bootstrap = Bootstrap(draws=4000, confidence=0.9, seed=3)
    observed, low, high = bootstrap.seeds_interval(mean_folds(values, bootstrap))
    assert observed == values.mean()
    assert np.allclose([low, high], slow_interval(values, bootstrap), atol=0.006)


def test_one_seed_resamples_questions_only():
    statistic = BOOTSTRAP.questions(answers((200, 1)))[:, 0] / 200
    _, low, high = BOOTSTRAP.interval(statistic)
    assert [low, high] == pytest.approx(np.quantile(statistic[1:], [0.05, 0.95]))
    assert (BOOTSTRAP.seeds(1) == 1).all()


def test_copies_of_a_seed_count_as_one():
    values = answers((200, 1))
    once, thrice = (BOOTSTRAP.seeds_interval(mean_folds(np.repeat(values, n, axis=1))) for n in (1, 3))
    assert np.allclose(once, thrice)


def test_where_questions_agree_the_interval_is_students():
    """All questions of a seed alike: only seeds vary, and the interval is that of a t-test."""
    per_seed = np.array([1, 0, 0, 1, 1], dtype=np.int8)
    folds = mean_folds(np.repeat(per_seed[None], 30, axis=0))
    assert (folds[:, 1:] == folds[:, :1]).all()
    expected = t.interval(0.9, 4, per_seed.mean(), per_seed.std(ddof=1) / np.sqrt(5))
    assert BOOTSTRAP.seeds_interval(folds)[1:] == pytest.approx(expected)
    effect = per_seed.std(ddof=1) / np.sqrt(5) * (t.ppf(0.95, 4) + t.ppf(POWER, 4))
    assert BOOTSTRAP.smallest_effect(folds) == pytest.approx(effect)


def test_with_one_seed_the_smallest_effect_is_that_of_a_normal_mean():
    values = answers((4000, 1))
    effect = BOOTSTRAP.smallest_effect(mean_folds(values))
    assert effect == pytest.approx(values.std() / np.sqrt(4000) * (norm.ppf(0.95) + norm.ppf(POWER)), rel=0.1)


def test_seeds_that_differ_widen_the_interval():
    alike = np.repeat(answers((200, 1)), 4, axis=1)
    apart = alike * np.array([1, 1, 0, 1], dtype=np.int8)
    widths = [np.diff(BOOTSTRAP.seeds_interval(mean_folds(values))[1:]) for values in (alike, apart)]
    assert widths[1] > 2 * widths[0]


def test_the_order_of_seeds_changes_nothing():
    values = answers((200, 4))
    one, other = (BOOTSTRAP.seeds_interval(mean_folds(values[:, order])) for order in ([0, 1, 2, 3], [2, 0, 3, 1]))
    assert np.allclose(one, other, rtol=1e-12)


def test_folds_leave_out_each_seed():
    sums = np.random.default_rng(0).random((5, 2, 3, 4))
    folds = seed_folds(sums)
    assert folds.shape == (4, 5, 2, 4)
    assert np.allclose(folds[0], sums.mean(axis=2))
    for seed in range(3):
        assert np.allclose(folds[1 + seed], np.delete(sums, seed, axis=2).mean(axis=2))


def test_drawn_weights_of_seeds_follow_student():
    bootstrap = Bootstrap(draws=20_000, confidence=0.95, seed=2)
    weights = bootstrap.seeds(3)
    assert np.allclose(weights.sum(axis=1), 1) and np.allclose(weights[0], 1 / 3)
    values = np.array([1.0, 2.0, 6.0])
    drawn = seed_mean(np.broadcast_to(values[:, None], (20_001, 3, 1)), weights)[1:, 0]
    expected = t.interval(0.8, 2, values.mean(), values.std(ddof=1) / np.sqrt(3))
    assert np.quantile(drawn, [0.1, 0.9]) == pytest.approx(expected, abs=0.15)


def test_bounds_stay_among_possible_values():
    nearly = np.ones((50, 3), np.int8)
    nearly[:10, 0] = 0
    open_ended, cut = (BOOTSTRAP.seeds_interval(mean_folds(nearly), within) for within in ((-np.inf, np.inf), (0, 1)))
    assert open_ended[2] > 1 == cut[2] and open_ended[1] == cut[1]


DESIGNS = [crossed.Design(seeds, seed_spread=spread) for seeds in (3, 5) for spread in (0.0, 0.1)]


@pytest.fixture(scope="module", params=DESIGNS, ids=lambda design: f"{design.seeds}-{design.seed_spread}")
def simulated(request):
    """Simulate 2,000 experiments of 3 or 5 seeds, with and without an effect of the seed."""
    return request.param, crossed.outcomes(request.param, experiments=2000, draws=300)


@pytest.mark.parametrize("statistic", ["accuracy", "difference", "ratio"])
def test_intervals_cover_as_often_as_they_say(simulated, statistic):
    _, outcomes = simulated
    assert 0.93 <= outcomes[statistic]["covered"] <= 0.97


def test_the_smallest_detectable_effect_is_found_four_times_in_five(simulated):
    design, outcomes = simulated
    assert 0.75 <= crossed.power(design, outcomes["difference"]["effect"], experiments=1500, draws=300) <= 0.85


def test_an_undefined_statistic_has_no_interval():
    observed, low, high = BOOTSTRAP.interval(ratio(np.ones((401, 2)), np.tile([0.0, 2.0], (401, 1))))
    assert np.isnan([observed[0], low[0], high[0]]).all()
    assert low[1] == observed[1] == high[1] == 0.5


def test_draws_without_the_category_are_left_out():
    statistic = np.array([[0.5], [np.nan], [0.4], [0.6]])
    _, low, high = Bootstrap(3, 0.98, 1).interval(statistic)
    assert 0.4 <= low[0] < high[0] <= 0.6


def test_no_questions_at_all_is_no_error():
    assert (BOOTSTRAP.questions(np.zeros((0, 2), np.int8)) == 0).all()


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (3, 1), (2, 7), (4, 4), (0, 9)])
def test_mcnemar_is_exact(gained, lost):
    before = np.array([False] * gained + [True] * lost + [True, False])
    after = np.array([True] * gained + [False] * lost + [True, False])
    n = gained + lost
    outcomes = [sum(signs) for signs in product([0, 1], repeat=n)]
    as_rare = [outcome for outcome in outcomes if comb(n, outcome) <= comb(n, gained)]
    assert mcnemar(before, after)[:2] == (gained, lost)
    assert mcnemar(before, after)[2] == pytest.approx(len(as_rare) / 2**n)


def test_combined_p_values_are_valid_when_seeds_are_copies():
    p_values = np.random.default_rng(5).random(4000)
    combined = np.array([combine([p, p, p]) for p in p_values])
    assert (combined <= 0.05).mean() <= 0.05
    assert combine([0.03]) == 0.03
    assert combine([0.9, 0.02, 0.04]) == pytest.approx(0.06)
    assert combine([0.9, 0.8]) == pytest.approx(0.9)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.5]).tolist() == [1, 1]
    assert holm([0.2]).tolist() == [0.2] and holm([]).size == 0


def test_holm_finds_what_its_sequential_definition_finds():
    p_values = np.random.default_rng(1).beta(0.3, 3, size=(200, 6))
    for row in p_values:
        ordered = np.sort(row)
        fails = np.flatnonzero(ordered > 0.05 / np.arange(6, 0, -1))
        rejected = fails[0] if fails.size else 6
        assert (holm(row) <= 0.05).sum() == rejected
