"""Effects of strategies against their baselines with standard errors: what a combination of several runs starts from.

A measure is a difference of shares (accuracy, forgetting) or the logarithm of a ratio of counts (knowledge), the scale
on which its error is closest to normal.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap, jackknife_means
from gradual_learning.evaluation.checkpoints import align_seeds, group_indicators
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import ACCURACY, FORGETTING, KNOWLEDGE_HELDOUT, KNOWLEDGE_TRAIN

COLUMNS = ["measure", "baseline", "strategy", "questions", "seeds", "effect", "low", "high"]
COLUMNS += ["seed_error", "question_error"]
KNOWLEDGE_OF = {"train": KNOWLEDGE_TRAIN, "heldout": KNOWLEDGE_HELDOUT}
Pairs = Sequence[Sequence[str]]  # (baseline, strategy)


def answer_effects(
    categories: np.ndarray, answers: Mapping[str, np.ndarray], pairs: Pairs, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate effects on accuracy and on forgetting, the share of HighlyKnown questions that are not answered.

    Args:
        categories: indicators of the category at base, 0/1, shape (questions, 4).
        answers: for each strategy which questions are answered correctly, bool, shape (questions, seeds).
        pairs: (baseline, strategy).
        bootstrap: resampling of questions and seeds.

    Returns:
        measure, baseline, strategy, questions, seeds, effect with low and high, seed_error and question_error, the
        standard errors due to seeds and to questions; the former is 0 with one seed.
    """
    groups = group_indicators(categories)[:, :2]
    means, sizes = bootstrap.group_means(groups, align_seeds(answers))
    rows: list[tuple] = []
    for baseline, strategy in pairs:
        difference = ratio(means[strategy] - means[baseline], sizes) * [1, -1]
        runs = max(answers[baseline].shape[1], answers[strategy].shape[1])
        columns = zip((ACCURACY, FORGETTING), sizes[0].astype(int), *_estimate(difference, bootstrap), strict=True)
        rows += [(measure, baseline, strategy, size, runs, *values) for measure, size, *values in columns]
    return pd.DataFrame(rows, columns=COLUMNS)


def knowledge_effects(
    split: str, highly_known: Mapping[str, np.ndarray], pairs: Pairs, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate effects on knowledge: the logarithm of the ratio of the numbers of HighlyKnown questions.

    Args:
        split: ``train`` or ``heldout``.
        highly_known: for each strategy whose last checkpoint is labeled, and the base model, which questions are
            HighlyKnown, 0/1, shape (questions, seeds).
        pairs: (baseline, strategy); those with another strategy are left out.
        bootstrap: resampling of questions and seeds.

    Returns:
        As :func:`answer_effects`.
    """
    aligned = list(align_seeds(highly_known).values())
    sums = bootstrap.question_sums(np.hstack(aligned).astype(np.int8)).reshape(-1, len(aligned), aligned[0].shape[1], 1)
    counts = dict(zip(highly_known, np.moveaxis(jackknife_means(sums), 2, 0), strict=True))
    rows: list[tuple] = []
    for baseline, strategy in pairs:
        if {baseline, strategy} <= set(counts):
            known = ratio(counts[strategy], counts[baseline])
            gain = np.log(known, where=known > 0, out=np.full_like(known, np.nan))
            runs = max(highly_known[baseline].shape[1], highly_known[strategy].shape[1])
            values = [float(column[0]) for column in _estimate(gain, bootstrap)]
            rows.append((KNOWLEDGE_OF[split], baseline, strategy, len(aligned[0]), runs, *values))
    return pd.DataFrame(rows, columns=COLUMNS)


def _estimate(statistic: np.ndarray, bootstrap: Bootstrap) -> tuple[np.ndarray, ...]:
    """Return estimate, low, high, seed_error and question_error."""
    return *bootstrap.interval_over_seeds(statistic), *bootstrap.standard_errors(statistic)
