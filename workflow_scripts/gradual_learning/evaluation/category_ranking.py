"""Training sets of one size and one category each, ranked by accuracy next to the results of Gekhman et al. 2024."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from gradual_learning.evaluation.accuracy import accuracy
from gradual_learning.evaluation.bootstrap import Bootstrap, weighted_seed_mean
from gradual_learning.evaluation.checkpoints import group_indicators
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import EPOCHS, GROUPS

# Gekhman et al. 2024, table 2: test accuracy in percent, in full and on HighlyKnown, MaybeKnown, WeaklyKnown, Unknown
# questions. The early stop of the paper is the best epoch here.
PUBLISHED = {
    ("HighlyKnown", "best"): (40.5, 98.7, 60.1, 9.0, 0.6),
    ("MaybeKnown", "best"): (43.6, 98.4, 69.9, 12.1, 1.0),
    ("WeaklyKnown", "best"): (39.2, 95.0, 59.2, 8.6, 0.4),
    ("Unknown", "best"): (37.5, 95.6, 52.9, 6.5, 0.6),
    ("Natural", "best"): (43.5, 98.0, 67.6, 14.1, 1.8),
    ("HighlyKnown", "last"): (40.0, 98.4, 58.8, 8.5, 0.7),
    ("MaybeKnown", "last"): (43.2, 97.5, 68.2, 12.9, 1.3),
    ("WeaklyKnown", "last"): (35.4, 73.5, 55.8, 17.2, 2.2),
    ("Unknown", "last"): (25.8, 55.8, 36.6, 12.2, 3.2),
    ("Natural", "last"): (41.8, 95.5, 61.7, 14.8, 2.5),
}
TRAIN_SETS = list(dict.fromkeys(name for name, _ in PUBLISHED))
RANKS = ["rank", "rank_low", "rank_high", "published", "published_rank"]
COLUMNS = ["train_set", "strategy", "epoch", "category", "questions", "seeds", "accuracy", "low", "high", *RANKS]


def category_ranking(
    categories: np.ndarray,
    answers: Mapping[tuple[str, str], np.ndarray],
    strategies: Mapping[str, str],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate accuracy and rank of training sets, in the form of Gekhman et al. 2024, table 2.

    Args:
        categories: indicators of the category of each test question at base, 0/1, shape (questions, 4).
        answers: for each (training set, epoch) which questions are answered correctly, bool, shape (questions, seeds).
        strategies: the strategy that uses each training set.
        bootstrap: resampling of questions and seeds.

    Returns:
        One row for each training set, epoch and group of questions: accuracy with its interval, the rank among the
        training sets (1 for the highest accuracy) with its interval, and the published accuracy (a share) and rank
        among the same training sets.
    """
    table = accuracy(categories, answers, bootstrap).rename(columns={"strategy": "train_set"})
    ranked = [_ranks(categories, answers, epoch, bootstrap) for epoch in EPOCHS]
    table = table.merge(pd.concat(ranked), on=["train_set", "epoch", "category"], validate="one_to_one")
    table["strategy"] = table["train_set"].map(strategies)
    order = table["train_set"].map(TRAIN_SETS.index)
    return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)[COLUMNS]


def _ranks(
    categories: np.ndarray, answers: Mapping[tuple[str, str], np.ndarray], epoch: str, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Rank the training sets at an epoch: in the sample, in every resample and as published; ties share the best rank.

    Args:
        categories: as for :func:`category_ranking`.
        answers: as for :func:`category_ranking`.
        epoch: best or last.
        bootstrap: resampling of questions and seeds.
    """
    names = [name for name, other in answers if other == epoch]
    sums, sizes = bootstrap.group_sums(group_indicators(categories), [answers[name, epoch] for name in names])
    means = [weighted_seed_mean(part, bootstrap.seed_weights(part.shape[1])) for part in sums]
    drawn = rankdata(-ratio(np.stack(means, axis=1), sizes[:, None]), method="min", axis=1).astype(float)
    published = np.array([PUBLISHED[name, epoch] for name in names]) / 100
    columns = *bootstrap.interval(drawn), published, rankdata(-published, method="min", axis=0)
    rows = [
        (name, epoch, group, *(column[i, j] for column in columns))
        for i, name in enumerate(names)
        for j, group in enumerate(GROUPS)
    ]
    return pd.DataFrame(rows, columns=["train_set", "epoch", "category", *RANKS])
