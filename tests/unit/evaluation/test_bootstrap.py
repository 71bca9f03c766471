"""Intervals compared with slow loops, closed forms and simulated experiments of known truth."""

import numpy as np
import pytest
from scipy.stats import norm, t

import simulated_designs
from gradual_learning.evaluation.bootstrap import POWER, Bootstrap, jackknife_means, weighted_seed_mean
from gradual_learning.evaluation.statistics import ratio

BOOTSTRAP = Bootstrap(resamples=400, confidence_level=0.9, seed=3)


def answers(shape, share=0.6, seed=0):
    return (np.random.default_rng(seed).random(shape) < share).astype(np.int8)


def mean_folds(values, bootstrap=BOOTSTRAP):
    """Compute folds and resamples of the mean of 0/1 ``values``, shape (questions, seeds)."""
    return jackknife_means(bootstrap.question_sums(values)[:, :, None])[..., 0] / len(values)


def slow_interval(values, bootstrap):
    """Compute the interval of a mean from textbook variances and a loop over resamples of another generator."""
    generator = np.random.default_rng(99)
    questions, seeds = values.shape
    covariance = np.cov(values.T, ddof=0) / questions
    common = (covariance.sum() - np.trace(covariance)) / (seeds * (seeds - 1))
    between = values.mean(axis=0).var(ddof=1) / seeds
    draws = [values[generator.choice(questions, questions)].mean() for _ in range(bootstrap.resamples)]
    shrunk = (np.array(draws) - values.mean()) * np.sqrt(common / np.var(draws))
    tail = (1 - bootstrap.confidence_level) / 2
    reach = [
        between * t.ppf(level, seeds - 1) + np.sqrt(common) * np.quantile(shrunk, level) for level in (tail, 1 - tail)
    ]
    return values.mean() + np.array(reach) / np.sqrt(between + common)


def test_the_first_row_is_the_sample_and_every_resample_has_its_size():
    sums = BOOTSTRAP.question_sums(np.hstack([answers((50, 3)), np.ones((50, 1), np.int8)]))
    assert (sums[0, :3] == answers((50, 3)).sum(axis=0)).all()
    assert (sums[:, 3] == 50).all()


@pytest.mark.parametrize("scale", [1, 10**7])
def test_sums_equal_a_loop_over_the_questions(scale):
    values = answers((40, 3)).astype(np.int64) * scale
    weights = BOOTSTRAP.question_sums(np.eye(40, dtype=np.int8))
    sums = BOOTSTRAP.question_sums(values)
    for resample in (0, 1, 7, 400):
        for column in range(3):
            expected = sum(weights[resample, row] * values[row, column] for row in range(40))
            assert sums[resample, column] == expected


def test_more_resamples_extend_fewer_across_chunks():
    values = answers((20_000, 2))  # a hundred resamples per chunk
    short, long = (Bootstrap(resamples, 0.9, 3).question_sums(values) for resamples in (150, 260))
    assert (long[:151] == short).all()
    assert len(np.unique(long[1:], axis=0)) > 250


def test_a_column_has_the_same_sums_alone_and_among_others():
    values = answers((60, 5))
    assert (BOOTSTRAP.question_sums(values)[:, [3, 1]] == BOOTSTRAP.question_sums(values[:, [3, 1]])).all()


def test_only_the_seed_determines_the_resamples():
    values = answers((60, 1))
    assert (BOOTSTRAP.question_sums(values) == Bootstrap(400, 0.5, 3).question_sums(values)).all()
    assert (BOOTSTRAP.question_sums(values) != Bootstrap(400, 0.9, 4).question_sums(values)).any()


def test_interval_agrees_with_a_slow_reference():
    values = answers((80, 4)) | answers((80, 1), 0.3, seed=1)
    bootstrap = Bootstrap(resamples=4000, confidence_level=0.9, seed=3)
    observed, low, high = bootstrap.interval_over_seeds(mean_folds(values, bootstrap))
    assert observed == values.mean()
    assert np.allclose([low, high], slow_interval(values, bootstrap), atol=0.006)


def test_with_one_seed_only_questions_are_resampled():
    statistic = BOOTSTRAP.question_sums(answers((200, 1)))[:, 0] / 200
    _, low, high = BOOTSTRAP.interval(statistic)
    assert [low, high] == pytest.approx(np.quantile(statistic[1:], [0.05, 0.95]))
    assert (BOOTSTRAP.seed_weights(1) == 1).all()


def test_copies_of_a_seed_count_as_one():
    values = answers((200, 1))
    once, thrice = (BOOTSTRAP.interval_over_seeds(mean_folds(np.repeat(values, n, axis=1))) for n in (1, 3))
    assert np.allclose(once, thrice)


def test_where_questions_agree_the_interval_is_that_of_a_t_test():
    per_seed = np.array([1, 0, 0, 1, 1], dtype=np.int8)  # the same for all questions
    folds = mean_folds(np.repeat(per_seed[None], 30, axis=0))
    assert (folds[:, 1:] == folds[:, :1]).all()
    expected = t.interval(0.9, 4, per_seed.mean(), per_seed.std(ddof=1) / np.sqrt(5))
    assert BOOTSTRAP.interval_over_seeds(folds)[1:] == pytest.approx(expected)
    effect = per_seed.std(ddof=1) / np.sqrt(5) * (t.ppf(0.95, 4) + t.ppf(POWER, 4))
    assert BOOTSTRAP.minimum_detectable_effect(folds) == pytest.approx(effect)


def test_with_one_seed_the_detectable_effect_is_that_of_a_normal_mean():
    values = answers((4000, 1))
    effect = BOOTSTRAP.minimum_detectable_effect(mean_folds(values))
    assert effect == pytest.approx(values.std() / np.sqrt(4000) * (norm.ppf(0.95) + norm.ppf(POWER)), rel=0.1)


def test_different_seeds_widen_the_interval():
    alike = np.repeat(answers((200, 1)), 4, axis=1)
    apart = alike * np.array([1, 1, 0, 1], dtype=np.int8)
    widths = [np.diff(BOOTSTRAP.interval_over_seeds(mean_folds(values))[1:]) for values in (alike, apart)]
    assert widths[1] > 2 * widths[0]


def test_the_order_of_seeds_does_not_matter():
    values = answers((200, 4))
    one, other = (BOOTSTRAP.interval_over_seeds(mean_folds(values[:, order])) for order in ([0, 1, 2, 3], [2, 0, 3, 1]))
    assert np.allclose(one, other, rtol=1e-12)


def test_folds_omit_one_seed_each():
    sums = np.random.default_rng(0).random((5, 2, 3, 4))
    folds = jackknife_means(sums)
    assert folds.shape == (4, 5, 2, 4)
    assert np.allclose(folds[0], sums.mean(axis=2))
    for seed in range(3):
        assert np.allclose(folds[1 + seed], np.delete(sums, seed, axis=2).mean(axis=2))


def test_weighted_means_of_seeds_follow_students_t():
    bootstrap = Bootstrap(resamples=20_000, confidence_level=0.95, seed=2)
    weights = bootstrap.seed_weights(3)
    assert np.allclose(weights.sum(axis=1), 1) and np.allclose(weights[0], 1 / 3)
    values = np.array([1.0, 2.0, 6.0])
    drawn = weighted_seed_mean(np.broadcast_to(values[:, None], (20_001, 3, 1)), weights)[1:, 0]
    expected = t.interval(0.8, 2, values.mean(), values.std(ddof=1) / np.sqrt(3))
    assert np.quantile(drawn, [0.1, 0.9]) == pytest.approx(expected, abs=0.15)


def test_bounds_are_clipped_to_possible_values():
    nearly = np.ones((50, 3), np.int8)
    nearly[:10, 0] = 0
    unbounded, clipped = (
        BOOTSTRAP.interval_over_seeds(mean_folds(nearly), within) for within in ((-np.inf, np.inf), (0, 1))
    )
    assert unbounded[2] > 1 == clipped[2] and unbounded[1] == clipped[1]


DESIGNS = [simulated_designs.Design(seeds, seed_spread=spread) for seeds in (3, 5) for spread in (0.0, 0.1)]


@pytest.fixture(scope="module", params=DESIGNS, ids=lambda design: f"{design.seeds}-{design.seed_spread}")
def simulated(request):
    """Simulate 2,000 experiments of 3 or 5 seeds, with and without an effect of the seed."""
    return request.param, simulated_designs.outcomes(request.param, experiments=2000, resamples=300)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["accuracy", "difference", "ratio"])
def test_intervals_have_their_nominal_coverage(simulated, statistic):
    _, outcomes = simulated
    assert 0.93 <= outcomes[statistic]["covered"] <= 0.97


@pytest.mark.slow
def test_the_minimum_detectable_effect_is_found_four_times_in_five(simulated):
    design, outcomes = simulated
    effect = outcomes["difference"]["effect"]
    assert 0.75 <= simulated_designs.power(design, effect, experiments=1500, resamples=300) <= 0.85


def test_an_undefined_statistic_has_no_interval():
    observed, low, high = BOOTSTRAP.interval(ratio(np.ones((401, 2)), np.tile([0.0, 2.0], (401, 1))))
    assert np.isnan([observed[0], low[0], high[0]]).all()
    assert low[1] == observed[1] == high[1] == 0.5


def test_resamples_without_the_category_are_left_out():
    statistic = np.array([[0.5], [np.nan], [0.4], [0.6]])
    _, low, high = Bootstrap(3, 0.98, 1).interval(statistic)
    assert 0.4 <= low[0] < high[0] <= 0.6


def test_no_questions_have_sums_of_zero():
    sums = BOOTSTRAP.question_sums(np.zeros((0, 2), np.int8))
    assert sums.shape == (401, 2) and (sums == 0).all()
