"""Uncertainty over seeds and questions, McNemar's exact test, Holm's correction, the smallest detectable effect.

The published comparison is one run without intervals, with an expected effect of about one point. Here both sources of
chance are resampled: which seeds were run, and which questions happened to be asked. Every seed answers the same
questions, so the design is crossed; one set of question weights serves every strategy, epoch, category and seed, and
strategies share their first stages seed by seed, so that differences are paired.

- Questions: a bootstrap of (by default) 10,000 draws.
- Seeds: a delete-one jackknife within every draw. A bootstrap of three seeds would have two thirds of their variance,
  and not the heavy tail that three seeds call for.
- Variance: that of the seeds' values (it holds the chance that seed and question share) plus the covariance of two
  seeds' values under resampled questions (it does not), so that nothing is counted twice (Obuchowski and Rockette 1995,
  Communications in Statistics - Simulation and Computation 24, where readers and cases stand for seeds and questions).
- Quantiles: of Student's t with seeds - 1 degrees of freedom for the first part, of the bootstrap for the second,
  weighted by their shares of the variance (Cochran and Cox, Experimental Designs, for two means of unequal variance).

Statistics are computed on arrays with two leading axes: all seeds and then each seed left out; the observed sample and
then the draws. One line of arithmetic gives an estimate and its interval, for shares, differences and ratios alike.
Statistics that jump, such as ranks, have no jackknife: for them :meth:`Bootstrap.seeds` weighs the seeds in every draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm, t

POWER = 0.8  # probability with which a design finds its smallest detectable effect
_CELLS = 2_000_000  # weights held at a time (draws x questions)
_EXACT = 2**24  # integers up to here are exact in float32, whatever the order of summation


@dataclass(frozen=True)
class Bootstrap:
    """A paired bootstrap of questions, ``draws`` resamples, and a jackknife of seeds; intervals at ``confidence``."""

    draws: int
    confidence: float
    seed: int

    @classmethod
    def from_params(cls, params: Any) -> "Bootstrap":
        """Read the params of a rule."""
        return cls(params.bootstrap, params.confidence, params.seed)

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

    def interval(
        self, statistic: np.ndarray, within: tuple[float, float] = (-np.inf, np.inf)
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give estimate, lower and upper bound of a statistic of one run: rows are the sample and the draws.

        Draws in which the statistic is undefined (no question of a category was drawn) are left out; where the sample
        itself leaves it undefined all three are NaN. With few draws defined, so few decide.
        """
        return self.seeds_interval(statistic[None], within)

    def seeds(self, count: int) -> np.ndarray:
        """Give weights for a mean over seeds, shape (1 + draws, count): rows sum to 1, the first row is even.

        The weighted mean of the seeds' values follows Student's t with count - 1 degrees of freedom about their mean.
        """
        if count < 2:
            return np.ones((1 + self.draws, count))
        generator = np.random.default_rng([self.seed, 1])
        normal = generator.standard_normal((self.draws, count))
        heavy = np.sqrt(count * generator.chisquare(count - 1, self.draws))[:, None]
        drawn = (normal - normal.mean(axis=1, keepdims=True)) / heavy
        return np.vstack([np.zeros((1, count)), drawn]) + 1 / count

    def seeds_interval(
        self, statistic: np.ndarray, within: tuple[float, float] = (-np.inf, np.inf)
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give estimate, lower and upper bound of a statistic of several seeds.

        Args:
            statistic: shape (folds, 1 + draws, ...), computed from :func:`seed_folds`. With one seed there is one fold:
                questions alone are resampled, and the interval is that of percentiles.
            within: the values that are possible, where the bounds are cut: (0, 1) for a share.

        Returns:
            Three arrays of the trailing shape, NaN where the sample or a fold leaves the statistic undefined.
        """
        observed, defined, seeds, questions = _parts(statistic)
        tail = (1 - self.confidence) / 2
        quantile = np.nanquantile if np.isnan(questions).any() else np.quantile
        reach = seeds * _student(1 - tail, len(statistic) - 1)
        spread = np.nanstd(questions, axis=0)
        bounds = np.full((2, *observed.shape), np.nan)
        for side, drawn in enumerate(quantile(questions, [tail, 1 - tail], axis=0)):
            far = reach if side else -reach
            bounds[side, defined] = observed[defined] + np.nan_to_num(_combined(seeds, far, spread, drawn))
        return observed, *np.clip(bounds, *within)

    def smallest_effect(self, statistic: np.ndarray) -> np.ndarray:
        """Give the smallest true value that a design with these variances tells from 0 with probability ``POWER``.

        The test is two-sided at the level 1 - confidence. The effect is the half width of the interval plus the
        quantile of the same law at ``POWER``, both from the observed variances and the number of seeds.

        Args:
            statistic: as for :meth:`seeds_interval`.

        Returns:
            The trailing shape, NaN where the statistic is undefined or did not vary at all.
        """
        observed, defined, seeds, questions = _parts(statistic)
        spread = np.nanstd(questions, axis=0)
        effect = np.full_like(observed, np.nan)
        effect[defined] = sum(
            _combined(seeds, seeds * _student(level, len(statistic) - 1), spread, spread * norm.ppf(level))
            for level in ((1 + self.confidence) / 2, POWER)
        )
        return effect


def seed_mean(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average ``sums`` (rows, ..., seeds, columns) over seeds with ``weights`` (rows, seeds): (rows, ..., columns)."""
    shape = (len(weights),) + (1,) * (sums.ndim - 3) + (weights.shape[1], 1)
    return (sums * weights.reshape(shape)).sum(axis=-2)


def seed_folds(sums: np.ndarray) -> np.ndarray:
    """Average over all seeds, and over all seeds but one.

    Args:
        sums: shape (rows, ..., seeds, columns).

    Returns:
        Shape (folds, rows, ..., columns): first the mean over all seeds, then, where there are two seeds or more, the
        means without each of them.
    """
    seeds, total = sums.shape[-2], sums.sum(axis=-2)
    if seeds == 1:
        return total[None]
    without = (np.expand_dims(total, -2) - sums) / (seeds - 1)
    return np.concatenate([total[None] / seeds, np.moveaxis(without, -2, 0)])


def _parts(statistic: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split the chance in a statistic into what seeds and what questions bring.

    Returns:
        The estimate; where it and all folds are defined; there, the standard error over seeds, and the deviations of
        the draws, shrunk to the variance that all seeds have in common, (draws, defined).
    """
    observed, seeds = statistic[0, 0], len(statistic) - 1
    finite = np.isfinite(statistic).all(axis=0)
    defined = finite[0] & finite[1:].any(axis=0)
    kept = np.where(finite, statistic, np.nan)[..., defined]
    deviations = kept[0, 1:] - kept[0, 0]
    if seeds < 2:
        return observed, defined, np.zeros(deviations.shape[1:]), deviations
    error = np.sqrt((seeds - 1) * kept[1:, 0].var(axis=0))
    single = seeds * kept[0, 1:] - (seeds - 1) * kept[1:, 1:]  # one value a seed (Tukey's pseudo-values)
    joint, alone = np.nanvar(deviations, axis=0), np.nanvar(single, axis=1).mean(axis=0)
    common = (seeds * joint - alone) / (seeds - 1)  # the covariance of two seeds
    return observed, defined, error, deviations * np.sqrt(np.clip(np.nan_to_num(ratio(common, joint)), 0, 1))


def _student(level: float, seeds: int) -> float:
    return float(t.ppf(level, seeds - 1)) if seeds > 1 else 0.0


def _combined(seeds: np.ndarray, far: np.ndarray, questions: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """Combine how far two independent parts reach, each weighted by its share of the joint error (NaN without one)."""
    return ratio(seeds * far + questions * wide, np.hypot(seeds, questions))


def _weights(generator: np.random.Generator, draws: int, items: int) -> np.ndarray:
    """How often each item occurs in ``items`` draws with replacement, for each resample: (draws, items)."""
    if items == 0:
        return np.zeros((draws, 0), dtype=np.int64)
    picks = generator.integers(0, items, size=(draws, items), dtype=np.int32).astype(np.int64)
    picks += np.arange(draws)[:, None] * items
    return np.bincount(picks.ravel(), minlength=draws * items).reshape(draws, items)


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


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjust p-values for their number by Holm's step-down rule (Holm 1979), valid under any dependence."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
