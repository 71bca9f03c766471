"""Confidence intervals and detectable effects under two sources of chance: questions and training seeds.

Li et al. 2024 compare single runs without intervals and expect an effect of about one point. Here both sources of
chance are resampled. Every seed answers the same questions, so the design is crossed: one set of question weights
serves every strategy, epoch, category and seed. Strategies share their first stages seed by seed, so differences are
paired.

- Questions: a bootstrap of (by default) 10,000 resamples.
- Seeds: a delete-one jackknife within every resample. A bootstrap of three seeds would show two thirds of their
  variance and miss the heavy tails that three seeds call for.
- Variance: the variance of the seeds' values, which includes the interaction of seed and question, plus the covariance
  of two seeds' values under resampled questions, which excludes it. So nothing is counted twice (Obuchowski and
  Rockette 1995, Communications in Statistics - Simulation and Computation 24; their readers and cases correspond to
  seeds and questions).
- Quantiles: Student's t with seeds - 1 degrees of freedom for the first part and the bootstrap for the second, weighted
  by their shares of the variance (Cochran and Cox, Experimental Designs, for two means of unequal variance).

Statistics are arrays with two leading axes: folds (all seeds, then each seed left out) and rows (the observed sample,
then the resamples). The same arithmetic gives the estimate and its interval, for shares, differences and ratios alike.
The jackknife does not apply to statistics that jump, such as ranks; for these, :meth:`Bootstrap.seed_weights` weights
the seeds in every resample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm, t

from gradual_learning.evaluation.statistics import ratio

POWER = 0.8  # probability with which a design detects its minimum detectable effect
SHARE = (0, 1)  # possible values of a share
Interval = tuple[np.ndarray, np.ndarray, np.ndarray]  # estimate, lower bound, upper bound
_MAX_WEIGHTS = 2_000_000  # weights in memory at a time (resamples x questions)
_EXACT_IN_FLOAT32 = 2**24  # integers up to here add up exactly in float32, in any order


@dataclass(frozen=True)
class Bootstrap:
    """A paired bootstrap of questions with a jackknife of seeds.

    Attributes:
        resamples: number of bootstrap resamples.
        confidence_level: nominal coverage of the intervals.
        seed: seed of the resamples.
    """

    resamples: int
    confidence_level: float
    seed: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Bootstrap":
        """Read the params ``bootstrap_samples``, ``confidence_level`` and ``seed`` of a rule."""
        return cls(params["bootstrap_samples"], params["confidence_level"], params["seed"])

    @property
    def tail(self) -> float:
        """Probability on either side of an interval."""
        return (1 - self.confidence_level) / 2

    def question_sums(self, values: np.ndarray) -> np.ndarray:
        """Sum every column over resampled questions.

        Args:
            values: whole numbers, shape (questions, columns). The rows must be in a canonical order (by id), since each
                weight belongs to a row.

        Returns:
            Shape (1 + resamples, columns). The first row holds the sums of the sample itself. All sums are exact and
            independent of the other columns.
        """
        values = np.asarray(values)
        total = int(np.abs(values).max(initial=0)) * len(values)
        narrow = values.astype(np.float32 if total < _EXACT_IN_FLOAT32 else np.float64)
        sums = np.empty((1 + self.resamples, values.shape[1]))
        sums[0] = values.sum(axis=0)
        generator = np.random.default_rng([self.seed, 0])
        chunk = max(1, _MAX_WEIGHTS // max(1, len(values)))
        for start in range(0, self.resamples, chunk):
            count = min(chunk, self.resamples - start)
            weights = _question_weights(generator, count, len(values)).astype(narrow.dtype)
            sums[1 + start : 1 + start + count] = weights @ narrow
        return sums

    def group_sums(self, groups: np.ndarray, answers: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
        """Sum correct answers by group of questions.

        Args:
            groups: which questions belong to each group, 0/1, shape (questions, groups).
            answers: which questions are answered correctly, several bool arrays of shape (questions, seeds).

        Returns:
            For each array the sums by seed, shape (rows, seeds, groups), and the sizes of the groups, (rows, groups).
        """
        columns = [groups]
        for correct in answers:
            columns.extend(groups * correct[:, [seed]] for seed in range(correct.shape[1]))
        sums = self.question_sums(np.hstack(columns)).reshape(1 + self.resamples, -1, groups.shape[1])
        parts = np.split(sums, np.cumsum([1, *(correct.shape[1] for correct in answers)])[:-1], axis=1)
        return parts[1:], sums[:, 0]

    def group_means(
        self, groups: np.ndarray, answers: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Average the sums of :meth:`group_sums` over seeds, with jackknife folds, by the names of the arrays.

        Returns:
            For each name an array of shape (folds, rows, groups), and the sizes of the groups, (rows, groups).
        """
        sums, sizes = self.group_sums(groups, list(answers.values()))
        return {name: jackknife_means(part) for name, part in zip(answers, sums, strict=True)}, sizes

    def seed_weights(self, seeds: int) -> np.ndarray:
        """Draw weights for a mean over seeds.

        The weighted mean of the seeds' values follows Student's t with seeds - 1 degrees of freedom around their mean.

        Returns:
            Shape (1 + resamples, seeds). Rows sum to 1; the weights of the first row are equal.
        """
        if seeds < 2:
            return np.ones((1 + self.resamples, seeds))
        generator = np.random.default_rng([self.seed, 1])
        normal = generator.standard_normal((self.resamples, seeds))
        heavy = np.sqrt(seeds * generator.chisquare(seeds - 1, self.resamples))[:, None]
        drawn = (normal - normal.mean(axis=1, keepdims=True)) / heavy
        return np.vstack([np.zeros((1, seeds)), drawn]) + 1 / seeds

    def interval(self, statistic: np.ndarray, within: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
        """Compute the interval of a statistic of one run, shape (1 + resamples, ...).

        Resamples in which the statistic is undefined (no question of a category was drawn) are left out. Where the
        sample itself leaves it undefined, estimate and bounds are NaN.
        """
        return self.interval_over_seeds(statistic[None], within)

    def interval_over_seeds(self, statistic: np.ndarray, within: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
        """Compute the interval of a statistic of several seeds.

        Args:
            statistic: shape (folds, 1 + resamples, ...), computed from :func:`jackknife_means`. With one seed there is
                one fold: only questions are resampled, and the interval is a percentile interval.
            within: the possible values, to which the bounds are clipped; (0, 1) for a share.

        Returns:
            Estimate, lower and upper bound, each of the trailing shape; NaN where the sample or a fold leaves the
            statistic undefined.
        """
        observed, defined, seed_error, deviations = _error_components(statistic)
        quantile = np.nanquantile if np.isnan(deviations).any() else np.quantile
        seed_reach = seed_error * _student_quantile(1 - self.tail, len(statistic) - 1)
        question_error = np.nanstd(deviations, axis=0)
        bounds = np.full((2, *observed.shape), np.nan)
        for side, question_reach in enumerate(quantile(deviations, [self.tail, 1 - self.tail], axis=0)):
            signed = seed_reach if side else -seed_reach
            reach = _combined_reach(seed_error, signed, question_error, question_reach)
            bounds[side, defined] = observed[defined] + np.nan_to_num(reach)
        low, high = np.clip(bounds, *within)
        return observed, low, high

    def standard_errors(self, statistic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute the standard errors of a statistic over seeds and over questions, which add up as squares.

        Args:
            statistic: as for :meth:`interval_over_seeds`.

        Returns:
            Two arrays of the trailing shape, NaN where the statistic is undefined; the first is 0 with one seed.
        """
        _, defined, seed_error, deviations = _error_components(statistic)
        errors = np.full((2, *defined.shape), np.nan)
        errors[:, defined] = seed_error, np.nanstd(deviations, axis=0)
        return errors[0], errors[1]

    def minimum_detectable_effect(self, statistic: np.ndarray) -> np.ndarray:
        """Compute the smallest true value that the design distinguishes from 0 with probability :data:`POWER`.

        The test is two-sided at the level 1 - ``confidence_level``. The effect is the half width of the interval plus
        the quantile of the same law at ``POWER``, both from the observed variances and the number of seeds.

        Args:
            statistic: as for :meth:`interval_over_seeds`.

        Returns:
            The trailing shape, NaN where the statistic is undefined or has no variance.
        """
        observed, defined, seed_error, deviations = _error_components(statistic)
        question_error = np.nanstd(deviations, axis=0)
        effect = np.full_like(observed, np.nan)
        effect[defined] = sum(
            _combined_reach(
                seed_error,
                seed_error * _student_quantile(level, len(statistic) - 1),
                question_error,
                question_error * norm.ppf(level),
            )
            for level in ((1 + self.confidence_level) / 2, POWER)
        )
        return effect


def weighted_seed_mean(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average sums over seeds.

    Args:
        sums: shape (rows, ..., seeds, columns).
        weights: shape (rows, seeds).

    Returns:
        Shape (rows, ..., columns).
    """
    shape = (len(weights),) + (1,) * (sums.ndim - 3) + (weights.shape[1], 1)
    return (sums * weights.reshape(shape)).sum(axis=-2)


def jackknife_means(sums: np.ndarray) -> np.ndarray:
    """Average sums over all seeds, and over all seeds but one.

    Args:
        sums: shape (rows, ..., seeds, columns).

    Returns:
        Shape (folds, rows, ..., columns): the mean over all seeds and, for two seeds or more, the means without each
        of them.
    """
    seeds, total = sums.shape[-2], sums.sum(axis=-2)
    if seeds == 1:
        return total[None]
    without = (np.expand_dims(total, -2) - sums) / (seeds - 1)
    return np.concatenate([total[None] / seeds, np.moveaxis(without, -2, 0)])


def _error_components(statistic: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split the uncertainty of a statistic into the contributions of seeds and of questions.

    Returns:
        The estimate; where it and all folds are defined; there, the standard error over seeds, and the deviations of
        the resamples, shrunk to the variance that all seeds have in common, shape (resamples, defined).
    """
    observed, seeds = statistic[0, 0], len(statistic) - 1
    finite = np.isfinite(statistic).all(axis=0)
    defined = finite[0] & finite[1:].any(axis=0)
    kept = np.where(finite, statistic, np.nan)[..., defined]
    deviations = kept[0, 1:] - kept[0, 0]
    if seeds < 2:
        return observed, defined, np.zeros(deviations.shape[1:]), deviations
    error = np.sqrt((seeds - 1) * kept[1:, 0].var(axis=0))
    single = seeds * kept[0, 1:] - (seeds - 1) * kept[1:, 1:]  # Tukey's pseudo-values, one per seed
    joint, alone = np.nanvar(deviations, axis=0), np.nanvar(single, axis=1).mean(axis=0)
    common = (seeds * joint - alone) / (seeds - 1)  # the covariance of two seeds
    return observed, defined, error, deviations * np.sqrt(np.clip(np.nan_to_num(ratio(common, joint)), 0, 1))


def _student_quantile(level: float, seeds: int) -> float:
    return float(t.ppf(level, seeds - 1)) if seeds > 1 else 0.0


def _combined_reach(
    seed_error: np.ndarray, seed_reach: np.ndarray, question_error: np.ndarray, question_reach: np.ndarray
) -> np.ndarray:
    """Combine the reaches of two independent parts, each weighted by its share of the joint error (NaN without one)."""
    return ratio(seed_error * seed_reach + question_error * question_reach, np.hypot(seed_error, question_error))


def _question_weights(generator: np.random.Generator, resamples: int, questions: int) -> np.ndarray:
    """Count how often each question occurs in each resample with replacement: shape (resamples, questions)."""
    if questions == 0:
        return np.zeros((resamples, 0), dtype=np.int64)
    picks = generator.integers(0, questions, size=(resamples, questions), dtype=np.int32).astype(np.int64)
    picks += np.arange(resamples)[:, None] * questions
    return np.bincount(picks.ravel(), minlength=resamples * questions).reshape(resamples, questions)
