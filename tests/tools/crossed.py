"""Simulated experiments of known truth: seeds x questions, two strategies, correlated right and wrong answers.

How often the intervals hold the truth, and how often an effect of the size that a design claims to detect is found. The
tests run a short form; the long one prints every case:

    PYTHONPATH=workflow_scripts python tests/tools/crossed.py
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.stats import norm

from gradual_learning.measures.statistics import Bootstrap, ratio, seed_folds

BATCH = 100  # experiments that share their bootstrap weights


@dataclass(frozen=True)
class Design:
    """An experiment: a question is answered right where a sum of normal effects is above 0.

    The defaults have the proportions that the default experiment shows between one and two stages: the variance that
    seeds bring to a difference is some four times that of chance in single answers, that of questions a third of it,
    and of the answers of two strategies under one seed 5 to 6 % differ.
    """

    seeds: int
    questions: int = 1000
    accuracies: tuple[float, float] = (0.32, 0.33)
    difficulty: float = 4.0  # of a question, whatever seed and strategy
    suited: float = 0.2  # how much a question suits one strategy, whatever the seed
    seed_spread: float = 0.1  # of the seeds of one strategy
    noise: float = 0.5  # of a question under one seed of one strategy

    def answers(self, generator: np.random.Generator) -> np.ndarray:
        """Draw one experiment: 0/1, shape (questions, strategies, seeds)."""
        q, s = self.questions, self.seeds
        scales = {
            (q, 1, 1): self.difficulty,
            (q, 2, 1): self.suited,
            (1, 2, s): self.seed_spread,
            (q, 2, s): self.noise,
        }
        effects = sum(scale * generator.standard_normal(shape) for shape, scale in scales.items())
        total = np.sqrt(sum(scale**2 for scale in scales.values()))
        return (effects + norm.ppf(self.accuracies)[:, None] * total > 0).astype(np.int8)


def statistics(design: Design, bootstrap: Bootstrap, experiments: int, seed: int) -> dict[str, np.ndarray]:
    """Compute accuracy, difference and ratio of many experiments, each (folds, 1 + draws, experiments)."""
    generator = np.random.default_rng(seed)
    answers = np.stack([design.answers(generator) for _ in range(experiments)], axis=1)
    sums = bootstrap.questions(answers.reshape(design.questions, -1))
    sums = sums.reshape(len(sums), experiments, 2, design.seeds, 1)
    means = seed_folds(sums)[..., 0] / design.questions
    before, after = means[..., 0], means[..., 1]
    return {"accuracy": after, "difference": after - before, "ratio": ratio(after, before) - 1}


def outcomes(design: Design, experiments: int, draws: int, seed: int = 1) -> dict[str, dict[str, float]]:
    """Count over ``experiments`` how often each interval holds the truth, and how often it leaves out 0.

    Returns:
        For each statistic ``covered`` and ``found`` (shares), and ``effect``, the smallest detectable effect
        (a quadratic mean, as it is variances that are estimated without bias).
    """
    first, second = design.accuracies
    truth = {"accuracy": second, "difference": second - first, "ratio": second / first - 1}
    held = {name: [] for name in truth}
    for batch in range(experiments // BATCH):
        bootstrap = Bootstrap(draws, 0.95, seed=seed * 1000 + batch)
        for name, values in statistics(design, bootstrap, BATCH, seed * 1000 + batch).items():
            _, low, high = bootstrap.seeds_interval(values)
            inside, found = (low <= truth[name]) & (truth[name] <= high), (low > 0) | (high < 0)
            held[name].append((inside.mean(), found.mean(), (bootstrap.smallest_effect(values) ** 2).mean()))
    names = ("covered", "found", "effect")
    means = {name: dict(zip(names, np.mean(rows, axis=0), strict=True)) for name, rows in held.items()}
    return {name: row | {"effect": row["effect"] ** 0.5} for name, row in means.items()}


def power(design: Design, effect: float, experiments: int, draws: int) -> float:
    """Shift the second strategy to ``effect`` above the first and count how often the difference is found."""
    first = design.accuracies[0]
    shifted = replace(design, accuracies=(first, first + effect))
    return outcomes(shifted, experiments, draws, seed=2)["difference"]["found"]


if __name__ == "__main__":
    print("seeds  seed effect  covered: accuracy  difference  ratio   smallest difference (points)  found at it")
    for seeds, spread in [(1, 0.0), *product((3, 5, 8), (0.0, 0.05, 0.1, 0.2))]:
        design = Design(seeds, seed_spread=spread)
        rows = outcomes(design, experiments=2000, draws=500)
        effect = rows["difference"]["effect"]
        covered = "  ".join(f"{row['covered']:10.4f}" for row in rows.values())
        found = power(design, effect, experiments=2000, draws=500)
        print(f"{seeds:5}  {spread:11}  {covered}  {100 * effect:10.2f}  {found:10.3f}", flush=True)
