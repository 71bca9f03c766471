"""Uncertainty: a paired bootstrap over seeds and questions, and McNemar's exact test.

The published comparison is one run without intervals, with an expected effect of about one point. Here both sources of
chance are resampled: which seeds were run, and which questions happened to be asked. One set of question weights serves
every strategy, epoch and category, and one set of seed weights serves every strategy (strategies share their first
stages seed by seed), so that differences are paired.

Statistics are computed on arrays whose first row is the observed sample and whose other rows are the draws: one line of
arithmetic gives an estimate and its interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

_CELLS = 2_000_000  # weights held at a time (draws x questions)
_EXACT = 2**24  # integers up to here are exact in float32, whatever the order of summation


@dataclass(frozen=True)
class Bootstrap:
    """A hierarchical percentile bootstrap: ``draws`` resamples, intervals at level ``confidence``.

    With few seeds the interval is too narrow on their side (a resample of n seeds has (n - 1) / n of their variance);
    with one seed only questions are resampled.
    """

    draws: int
    confidence: float
    seed: int

    def questions(self, values: np.ndarray) -> np.ndarray:
        """Sum every column over resampled questions.

        Args:
            values: whole numbers, shape (questions, columns). Rows in a canonical order (by id), as a weight belongs to
                a row.

        Returns:
            Sums, shape (1 + draws, columns), the first row those of the sample itself. They are exact, and a column's
            sums depend on no other column.
        """
        values = np.asarray(values)
        total = int(np.abs(values).max(initial=0)) * len(values)
        narrow = values.astype(np.float32 if total < _EXACT else np.float64)
        sums = np.empty((1 + self.draws, values.shape[1]))
        sums[0] = values.sum(axis=0)
        generator = np.random.default_rng([self.seed, 0])
        chunk = max(1, _CELLS // max(1, len(values)))
        for start in range(0, self.draws, chunk):
            count = min(chunk, self.draws - start)
            sums[1 + start : 1 + start + count] = _weights(generator, count, len(values)).astype(narrow.dtype) @ narrow
        return sums

    def seeds(self, count: int) -> np.ndarray:
        """Give weights for a mean over seeds, shape (1 + draws, count): rows sum to 1, the first row is even."""
        drawn = _weights(np.random.default_rng([self.seed, 1]), self.draws, count)
        return np.vstack([np.ones((1, count)), drawn]) / max(count, 1)

    def interval(self, statistic: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give estimate, lower and upper bound from rows of ``statistic`` (first the sample, then the draws).

        Draws in which the statistic is undefined (no question of a category was drawn) are left out; where the sample
        itself leaves it undefined all three are NaN.
        """
        tail = (1 - self.confidence) / 2
        observed, drawn = statistic[0], statistic[1:]
        low, high = np.full_like(observed, np.nan), np.full_like(observed, np.nan)
        defined = np.isfinite(observed) & np.isfinite(drawn).any(axis=0)
        if defined.any():
            kept = np.where(np.isfinite(drawn), drawn, np.nan)[..., defined]
            quantile = np.nanquantile if np.isnan(kept).any() else np.quantile
            low[defined], high[defined] = quantile(kept, [tail, 1 - tail], axis=0)
        return observed, low, high


def _weights(generator: np.random.Generator, draws: int, items: int) -> np.ndarray:
    """How often each item occurs in ``items`` draws with replacement, for each resample: (draws, items)."""
    if items == 0:
        return np.zeros((draws, 0), dtype=np.int64)
    picks = generator.integers(0, items, size=(draws, items), dtype=np.int32).astype(np.int64)
    picks += np.arange(draws)[:, None] * items
    return np.bincount(picks.ravel(), minlength=draws * items).reshape(draws, items)


def seed_mean(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average ``sums`` (rows, ..., seeds, columns) over seeds with ``weights`` (rows, seeds): (rows, ..., columns)."""
    shape = (len(weights),) + (1,) * (sums.ndim - 3) + (weights.shape[1], 1)
    return (sums * weights.reshape(shape)).sum(axis=-2)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with NaN (and no warning) where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    out = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)


def mcnemar(before: np.ndarray, after: np.ndarray) -> tuple[int, int, float]:
    """Compare two answer vectors of the same questions: gained, lost, exact two-sided p of McNemar's test."""
    gained = int((~before & after).sum())
    lost = int((before & ~after).sum())
    p = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return gained, lost, p


def combine(p_values: Sequence[float]) -> float:
    """Combine p-values that may depend on each other in any way (seeds share questions): Rüger's median rule.

    The k-th smallest of n, times n / k with k = n // 2 + 1: with three seeds 1.5 times the middle one.
    """
    ordered = sorted(p_values)
    k = len(ordered) // 2 + 1
    return min(1.0, ordered[k - 1] * len(ordered) / k)
