"""The bootstrap against slow loops and simulated truth, McNemar against enumeration."""

from itertools import product
from math import comb

import numpy as np
import pytest

from gradual_learning.statistics import Bootstrap, combine, mcnemar, ratio, seed_mean

BOOTSTRAP = Bootstrap(draws=400, confidence=0.9, seed=3)


def answers(shape, share=0.6, seed=0):
    return (np.random.default_rng(seed).random(shape) < share).astype(np.int8)


def slow_interval(values, bootstrap):
    """Resample seeds and questions one by one with another generator; values (questions, seeds)."""
    generator = np.random.default_rng(99)
    questions, seeds = values.shape
    means = []
    for _ in range(bootstrap.draws):
        rows = generator.choice(questions, questions)
        columns = generator.choice(seeds, seeds)
        means.append(np.mean([[values[row, column] for column in columns] for row in rows]))
    tail = (1 - bootstrap.confidence) / 2
    return np.quantile(means, [tail, 1 - tail])


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
    bootstrap = Bootstrap(draws=2000, confidence=0.9, seed=3)
    sums = bootstrap.questions(values)[:, :, None]
    _, low, high = bootstrap.interval(seed_mean(sums, bootstrap.seeds(4))[:, 0] / 80)
    assert np.allclose([low, high], slow_interval(values, bootstrap), atol=0.015)


def test_one_seed_resamples_questions_only():
    assert (BOOTSTRAP.seeds(1) == 1).all()
    assert np.allclose(BOOTSTRAP.seeds(3).sum(axis=1), 1)
    assert BOOTSTRAP.seeds(3)[1:].std() > 0


def test_seeds_that_differ_widen_the_interval():
    alike = np.repeat(answers((200, 1)), 4, axis=1)
    apart = alike * np.array([1, 1, 0, 1], dtype=np.int8)
    widths = []
    for values in (alike, apart):
        _, low, high = BOOTSTRAP.interval(seed_mean(BOOTSTRAP.questions(values)[:, :, None], BOOTSTRAP.seeds(4))[:, 0])
        widths.append(high - low)
    assert widths[1] > 2 * widths[0]


def test_coverage_on_simulated_questions():
    generator = np.random.default_rng(11)
    bootstrap = Bootstrap(draws=300, confidence=0.9, seed=1)
    samples = (generator.random((120, 250)) < 0.7).astype(np.int8)
    _, low, high = bootstrap.interval(bootstrap.questions(samples) / 120)
    covered = ((low <= 0.7) & (high >= 0.7)).mean()
    assert 0.82 < covered < 0.96


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
