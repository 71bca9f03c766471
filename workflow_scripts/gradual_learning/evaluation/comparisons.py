"""Differences of accuracy between pairs of strategies, with intervals and McNemar's test."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import align_seeds, group_indicators
from gradual_learning.evaluation.statistics import combine_p_values, holm_adjust, mcnemar_test, ratio
from gradual_learning.evaluation.table_values import FULL, GROUPS

COLUMNS = ["baseline", "strategy", "category", "questions", "seeds", "difference", "low", "high", "mde"]
COLUMNS += ["gained", "lost", "mcnemar_p", "worst_seed", "best_seed"]


def comparisons(
    categories: np.ndarray,
    answers: Mapping[str, np.ndarray],
    pairs: Sequence[Sequence[str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Compare pairs of strategies, question by question and seed by seed.

    McNemar's exact test is run for each seed. Seeds share their questions, so their p-values are combined by a rule
    that is valid under any dependence (:func:`~gradual_learning.evaluation.statistics.combine_p_values`). Over all
    pairs, the p-values of the full accuracies are adjusted for their number by Holm's procedure. The base model is
    compared with every seed.

    Args:
        categories: indicators of the category at base, 0/1, shape (questions, 4).
        answers: for each strategy which questions are answered correctly, bool, shape (questions, seeds).
        pairs: (baseline, strategy).
        bootstrap: resampling of questions and seeds.

    Returns:
        One row for each pair and group of questions: questions, seeds, difference of accuracy, low, high, mde (minimum
        detectable effect), gained and lost (questions that only the strategy or only its baseline answers correctly,
        summed over seeds), mcnemar_p, worst_seed and best_seed (lowest and highest difference of a seed), and
        adjusted_p (in the rows ``Full``).
    """
    groups = group_indicators(categories)
    aligned = align_seeds(answers)
    compared = dict.fromkeys(name for pair in pairs for name in pair)
    means, sizes = bootstrap.group_means(groups, {name: aligned[name] for name in compared})
    rows: list[tuple] = []
    for baseline, strategy in pairs:
        difference = ratio(means[strategy] - means[baseline], sizes)
        columns = *bootstrap.interval_over_seeds(difference), bootstrap.minimum_detectable_effect(difference)
        runs = max(answers[baseline].shape[1], answers[strategy].shape[1])
        for group, inside, *values in zip(GROUPS, groups.T.astype(bool), *columns, strict=True):
            before, after = aligned[baseline][inside, :runs], aligned[strategy][inside, :runs]
            rows.append((baseline, strategy, group, int(inside.sum()), runs, *values, *_paired_tests(before, after)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    full = table["category"] == FULL
    table.loc[full, "adjusted_p"] = holm_adjust(table.loc[full, "mcnemar_p"])
    return table


def _paired_tests(before: np.ndarray, after: np.ndarray) -> tuple[int, int, float, float, float]:
    """Compare answers of shape (questions, seeds): gained, lost, p-value, lowest and highest difference of a seed."""
    tests = [mcnemar_test(before[:, seed], after[:, seed]) for seed in range(before.shape[1])]
    gained, lost, p_values = zip(*tests, strict=True)
    differences = ratio(np.subtract(gained, lost), len(before))
    return sum(gained), sum(lost), combine_p_values(p_values), differences.min(), differences.max()
