"""Statistics of counts and answers: ratios, Wilson's interval, McNemar's test and corrected p-values."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> np.ndarray:
    """Divide, with NaN and no warning where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    out = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)


def wilson_interval(
    hits: np.ndarray, trials: np.ndarray, confidence_level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute shares with Wilson's interval, which keeps its width at counts of none and of all (Wilson 1927).

    Args:
        hits: whole numbers.
        trials: whole numbers, of the same shape or broadcast to it.
        confidence_level: nominal coverage of the interval.

    Returns:
        Share, lower and upper bound, each of the shape of ``hits``; NaN without trials.
    """
    hits, trials = np.broadcast_arrays(hits, trials)
    bounds = np.full((hits.size, 2), np.nan)
    for place, (hit, trial) in enumerate(zip(hits.ravel(), trials.ravel(), strict=True)):
        if trial:
            bounds[place] = binomtest(int(hit), int(trial)).proportion_ci(confidence_level, method="wilson")
    low, high = bounds.T.reshape(2, *hits.shape)
    return ratio(hits, trials), low, high


def concordance(hits: np.ndarray, misses: np.ndarray) -> np.ndarray:
    """Compute the probability that a hit is in a higher group than a miss, where a tie counts half.

    This is the area under the ROC curve, and Mann and Whitney's U as a share of all pairs. Somers' D is twice this
    value minus one.

    Args:
        hits: counts by group, shape (..., groups), groups in ascending order.
        misses: counts by group of the same shape.

    Returns:
        Shape (...), NaN without hits or without misses.
    """
    below = np.cumsum(misses, axis=-1) - misses / 2
    return ratio((hits * below).sum(axis=-1), hits.sum(axis=-1) * misses.sum(axis=-1))


def mcnemar_test(before: np.ndarray, after: np.ndarray) -> tuple[int, int, float]:
    """Compare two sets of answers to the same questions by McNemar's exact test (McNemar 1947).

    Args:
        before: which questions are answered correctly, bool, shape (questions,).
        after: the same for the other set of answers.

    Returns:
        Answers gained, answers lost, and the two-sided p-value.
    """
    gained = int((~before & after).sum())
    lost = int((before & ~after).sum())
    p_value = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return gained, lost, p_value


def combine_p_values(p_values: Sequence[float]) -> float:
    """Combine p-values under arbitrary dependence (seeds share questions) by Rüger's median rule (Rüger 1978).

    The combined value is the k-th smallest of n times n / k, with k = n // 2 + 1: for three seeds 1.5 times the middle
    one.
    """
    ordered = sorted(p_values)
    k = len(ordered) // 2 + 1
    return min(1.0, ordered[k - 1] * len(ordered) / k)


def holm_adjust(p_values: npt.ArrayLike) -> np.ndarray:
    """Adjust p-values for their number by Holm's step-down procedure (Holm 1979), valid under any dependence."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
