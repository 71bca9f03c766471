"""A random-effects model of several runs: their common mean, how much they differ, and what a new run would show.

The true effect of a run differs from the mean by a normal deviation with the standard deviation tau, and its estimate
from the true effect by its standard error.

- tau^2: the estimator of Paule and Mandel (1982, Journal of Research of the National Bureau of Standards 87, 377), and
  the interval of the Q profile (Viechtbauer 2007, Statistics in Medicine 26, 37).
- Mean: the interval of Hartung and Knapp (2001, Statistics in Medicine 20, 3875), with Student's t and one degree of
  freedom less than there are runs.
- A new run: a prediction interval as in Nagashima, Noma and Furukawa (2019, Statistical Methods in Medical Research 28,
  1689), which draws tau^2 from its confidence distribution, here that of the Q profile. The usual interval, which takes
  the estimate of tau^2 for its true value, covers 85 to 91 % instead of 95 % with ten runs or fewer.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, t

_LEAST = 1e-30  # variance of an exact estimate, far below any square of a standard error
_HALVINGS = 60
_LEVELS, _DRAWS = 128, 64  # values of tau^2 in its confidence distribution, and predictions from each


@dataclass(frozen=True)
class Pooled:
    """The combination of several estimates.

    Attributes:
        estimate, low, high: mean effect and its interval.
        prediction_low, prediction_high: where the true effect of a new run lies, with the same coverage.
        tau, tau_low, tau_high: standard deviation of the true effects and its interval.
        i2: share of the variance of the estimates that is due to differences between runs (I squared).
        weights: of the estimates, shape (runs,), they sum to 1.
    """

    estimate: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    tau: float
    tau_low: float
    tau_high: float
    i2: float
    weights: np.ndarray


def pool(estimates: np.ndarray, errors: np.ndarray, confidence: float) -> Pooled:
    """Combine independent estimates.

    Args:
        estimates: shape (runs,), two or more.
        errors: their standard errors, shape (runs,).
        confidence: coverage of all intervals.

    Raises:
        ValueError: there are fewer than two estimates.
    """
    count = len(estimates)
    if count < 2:
        raise ValueError(f"{count} estimate(s): a combination needs two or more")
    variances = np.maximum(np.square(errors), _LEAST)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    tau2, high2, low2 = _solve(estimates, variances, np.array([count - 1, *chi2.ppf(tails, count - 1)]))
    means, errors_of_mean, weights = _weighted_mean(estimates, variances + tau2)
    mean, reach = float(means), float(t.ppf(tails[1], count - 1) * errors_of_mean)
    new_low, new_high = map(float, np.quantile(_predictions(estimates, variances), tails))
    i2 = float(tau2 / (tau2 + _typical_variance(variances))) if tau2 else 0.0
    tau, tau_low, tau_high = (float(value) ** 0.5 for value in (tau2, low2, high2))
    return Pooled(mean, mean - reach, mean + reach, new_low, new_high, tau, tau_low, tau_high, i2, weights)


def _weighted_mean(estimates: np.ndarray, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean weighted by inverse variances, its standard error by Hartung and Knapp, and the weights.

    The variances have the shape (..., runs); mean and error have the leading shape.
    """
    weights = (1 / variances) / (1 / variances).sum(axis=-1, keepdims=True)
    mean = (weights * estimates).sum(axis=-1)
    spread = (weights * (estimates - mean[..., None]) ** 2).sum(axis=-1)
    return mean, np.sqrt(spread / (len(estimates) - 1)), weights


def _predictions(estimates: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Draw true effects of new runs: tau^2, the mean given tau^2, and a deviation from the mean; always the same."""
    generator, freedom = np.random.default_rng(0), len(estimates) - 1
    tau2 = _solve(estimates, variances, chi2.ppf((np.arange(_LEVELS) + 0.5) / _LEVELS, freedom))[:, None]
    mean, error, _ = _weighted_mean(estimates, variances + tau2)
    of_mean = generator.standard_t(freedom, (_LEVELS, _DRAWS))
    of_run = generator.standard_normal((_LEVELS, _DRAWS))
    return mean[:, None] + error[:, None] * of_mean + np.sqrt(tau2) * of_run


def _solve(estimates: np.ndarray, variances: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Find by bisection the tau^2 at which the weighted squared deviations sum to each target; 0 if they never do."""
    low = np.zeros_like(targets, dtype=float)
    high = ((estimates - estimates.mean()) ** 2).sum() / targets  # tau^2 alone, without the variances of the estimates
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        total = variances + middle[:, None]
        mean = _weighted_mean(estimates, total)[0]
        is_low = ((estimates - mean[:, None]) ** 2 / total).sum(axis=-1) > targets
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return low


def _typical_variance(variances: np.ndarray) -> float:
    """Average the variances as Higgins and Thompson do for I^2 (2002, Statistics in Medicine 21, 1539)."""
    weights = 1 / variances
    return float((len(weights) - 1) * weights.sum() / (weights.sum() ** 2 - (weights**2).sum()))
