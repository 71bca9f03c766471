"""Simulated experiments of known truth: seeds x questions, two strategies, correlated answers.

They measure how often intervals contain the truth, and how often an effect of the minimum detectable size is found. The
tests run a short form; the long form prints every case:

    PYTHONPATH=workflow_scripts python tests/tools/simulated_designs.py
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.stats import norm

from gradual_learning.evaluation.bootstrap import Bootstrap, jackknife_means
from gradual_learning.evaluation.statistics import ratio

BATCH = 100  # experiments that share their bootstrap weights


@dataclass(frozen=True)
class Design:
    """An experiment: a question is answered correctly where a sum of normal effects is above 0.

    The defaults have the proportions of the default experiment between one and two stages: for a difference, the
    variance between seeds is about four times the variance of single answers, the variance between questions a third of
    it, and 5 to 6 % of the answers of two strategies under one seed differ.
    """

    seeds: int
    questions: int = 1000
    accuracies: tuple[float, float] = (0.32, 0.33)
    difficulty: float = 4.0  # of a question, under all seeds and strategies
    interaction: float = 0.2  # of a question and a strategy, under all seeds
    seed_spread: float = 0.1  # of the seeds of one strategy
    noise: float = 0.5  # of a question under one seed of one strategy

    def answers(self, generator: np.random.Generator) -> np.ndarray:
        """Simulate one experiment: 0/1, shape (questions, strategies, seeds)."""
        q, s = self.questions, self.seeds
        effects = [
            ((q, 1, 1), self.difficulty),
            ((q, 2, 1), self.interaction),
            ((1, 2, s), self.seed_spread),
            ((q, 2, s), self.noise),
        ]
        total = sum(scale * generator.standard_normal(shape) for shape, scale in effects)
        spread = np.sqrt(sum(scale**2 for _, scale in effects))
        return (total + norm.ppf(self.accuracies)[:, None] * spread > 0).astype(np.int8)


def statistics(design: Design, bootstrap: Bootstrap, experiments: int, seed: int) -> dict[str, np.ndarray]:
    """Compute accuracy, difference and ratio of many experiments, each (folds, 1 + resamples, experiments)."""
    generator = np.random.default_rng(seed)
    answers = np.stack([design.answers(generator) for _ in range(experiments)], axis=1)
    sums = bootstrap.question_sums(answers.reshape(design.questions, -1))
    sums = sums.reshape(len(sums), experiments, 2, design.seeds, 1)
    means = jackknife_means(sums)[..., 0] / design.questions
    before, after = means[..., 0], means[..., 1]
    return {"accuracy": after, "difference": after - before, "ratio": ratio(after, before) - 1}


def outcomes(design: Design, experiments: int, resamples: int, seed: int = 1) -> dict[str, dict[str, float]]:
    """Count over ``experiments`` how often each interval contains the truth, and how often it excludes 0.

    Returns:
        For each statistic ``covered`` and ``found`` (shares), and ``effect``, the minimum detectable effect (a
        quadratic mean, since variances are estimated without bias).
    """
    first, second = design.accuracies
    truth = {"accuracy": second, "difference": second - first, "ratio": second / first - 1}
    rows: dict[str, list[tuple]] = {name: [] for name in truth}
    for batch in range(experiments // BATCH):
        bootstrap = Bootstrap(resamples, 0.95, seed=seed * 1000 + batch)
        for name, values in statistics(design, bootstrap, BATCH, seed * 1000 + batch).items():
            _, low, high = bootstrap.interval_over_seeds(values)
            covered, found = (low <= truth[name]) & (truth[name] <= high), (low > 0) | (high < 0)
            rows[name].append((covered.mean(), found.mean(), (bootstrap.minimum_detectable_effect(values) ** 2).mean()))
    names = ("covered", "found", "effect")
    means = {name: dict(zip(names, np.mean(values, axis=0), strict=True)) for name, values in rows.items()}
    return {name: row | {"effect": row["effect"] ** 0.5} for name, row in means.items()}


def power(design: Design, effect: float, experiments: int, resamples: int) -> float:
    """Shift the second strategy to ``effect`` above the first and count how often the difference is found."""
    first = design.accuracies[0]
    shifted = replace(design, accuracies=(first, first + effect))
    return outcomes(shifted, experiments, resamples, seed=2)["difference"]["found"]


if __name__ == "__main__":
    print("seeds  seed spread  covered: accuracy  difference  ratio   detectable difference (points)  found at it")
    for seeds, spread in [(1, 0.0), *product((3, 5, 8), (0.0, 0.05, 0.1, 0.2))]:
        design = Design(seeds, seed_spread=spread)
        rows = outcomes(design, experiments=2000, resamples=500)
        effect = rows["difference"]["effect"]
        covered = "  ".join(f"{row['covered']:10.4f}" for row in rows.values())
        found = power(design, effect, experiments=2000, resamples=500)
        print(f"{seeds:5}  {spread:11}  {covered}  {100 * effect:10.2f}  {found:10.3f}", flush=True)
