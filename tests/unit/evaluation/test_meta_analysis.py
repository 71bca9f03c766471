"""The random-effects model against published numbers, by hand, and in simulation."""

import numpy as np
import pytest

from gradual_learning.evaluation.meta_analysis import pool

# Thirteen trials of the BCG vaccine (Colditz et al. 1994, JAMA 271, 698): ill and well, vaccinated and not
TRIALS = [(4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761)]
TRIALS += [(180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232)]
TRIALS += [(17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)]


@pytest.fixture(scope="module")
def vaccine():
    ill, well, ill_without, well_without = np.array(TRIALS, float).T
    treated, others = ill + well, ill_without + well_without
    risks = np.log(ill / treated / (ill_without / others))
    return pool(risks, np.sqrt(1 / ill - 1 / treated + 1 / ill_without - 1 / others), 0.95)


def test_variance_between_trials_as_published(vaccine):
    assert vaccine.tau_low**2 == pytest.approx(0.1197, abs=5e-5)  # the Q profile in the manual of metafor
    assert vaccine.tau_high**2 == pytest.approx(1.1115, abs=5e-5)
    assert vaccine.tau**2 == pytest.approx(0.3181, abs=5e-5)


def test_mean_as_another_program_computes_it(vaccine):
    """Statsmodels 0.14: combine_effects(..., method_re="iterated", use_t=True), rows of ``random effect wls``."""
    mean = vaccine.estimate, vaccine.low, vaccine.high
    assert mean == pytest.approx((-0.714968, -1.109098, -0.320838), abs=1e-6)
    assert vaccine.i2 == pytest.approx(0.9233, abs=5e-4)
    assert vaccine.prediction_low < vaccine.low and vaccine.high < vaccine.prediction_high


def test_exact_estimates_have_the_interval_of_students_t():
    pooled = pool(np.array([1.0, 2.0, 3.0]), np.zeros(3), 0.95)
    assert pooled.tau == pytest.approx(1) and pooled.i2 == pytest.approx(1)
    reach = 4.302653 / np.sqrt(3)  # the quantile of t with two degrees of freedom
    assert (pooled.low, pooled.high) == pytest.approx((2 - reach, 2 + reach))
    assert pooled.weights == pytest.approx([1 / 3] * 3)


def test_equal_estimates_do_not_vary():
    pooled = pool(np.full(4, 0.2), np.array([0.1, 0.1, 0.2, 0.2]), 0.95)
    assert (pooled.estimate, pooled.low, pooled.high) == pytest.approx((0.2, 0.2, 0.2))
    assert pooled.tau == pooled.i2 == 0 and pooled.weights[0] == pytest.approx(0.4)


def test_one_estimate_cannot_be_combined():
    with pytest.raises(ValueError, match="two or more"):
        pool(np.ones(1), np.ones(1), 0.95)


def coverage(runs, tau, experiments=1000):
    """Return how often the interval covers the mean and the prediction interval a new true effect.

    The standard errors are uneven, and known as well as those of two seeds averaged over the runs.
    """
    generator, covered = np.random.default_rng(runs), []
    for _ in range(experiments):
        question_error, seed_error = generator.uniform(0.3, 0.6, runs), 0.7 * generator.uniform(0.7, 1.4, runs)
        true = 1 + tau * generator.standard_normal(runs)
        seeds = true[:, None] + seed_error[:, None] * generator.standard_normal((runs, 2))
        estimates = seeds.mean(axis=1) + question_error * generator.standard_normal(runs)
        errors = np.hypot(np.sqrt(seeds.var(axis=1, ddof=1).mean() / 2), question_error)
        pooled, new = pool(estimates, errors, 0.95), 1 + tau * generator.standard_normal()
        covered.append((pooled.low <= 1 <= pooled.high, pooled.prediction_low <= new <= pooled.prediction_high))
    return np.mean(covered, axis=0)


@pytest.mark.slow
@pytest.mark.parametrize(("runs", "tau"), [(5, 0.3), (5, 1.2), (8, 0.6), (10, 0.3), (10, 1.2)])
def test_intervals_cover_what_they_promise(runs, tau):
    mean, new = coverage(runs, tau)
    assert 0.93 <= mean <= 0.97
    assert 0.92 <= new <= 0.98
