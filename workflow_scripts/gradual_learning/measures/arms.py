"""The arms of Gekhman et al. 2024: training sets of one size that differ in kind, ranked beside the published ones."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from gradual_learning.measures.metrics import GROUPS, accuracy, group_sums
from gradual_learning.measures.statistics import Bootstrap, ratio, seed_mean

EPOCHS = ["best", "convergence"]
# Table 2, test accuracy in percent: in full, and on HighlyKnown, MaybeKnown, WeaklyKnown and Unknown questions. Their
# EARLY_STOP is the best epoch here.
PUBLISHED = {
    ("HighlyKnown", "best"): (40.5, 98.7, 60.1, 9.0, 0.6),
    ("MaybeKnown", "best"): (43.6, 98.4, 69.9, 12.1, 1.0),
    ("WeaklyKnown", "best"): (39.2, 95.0, 59.2, 8.6, 0.4),
    ("Unknown", "best"): (37.5, 95.6, 52.9, 6.5, 0.6),
    ("Natural", "best"): (43.5, 98.0, 67.6, 14.1, 1.8),
    ("HighlyKnown", "convergence"): (40.0, 98.4, 58.8, 8.5, 0.7),
    ("MaybeKnown", "convergence"): (43.2, 97.5, 68.2, 12.9, 1.3),
    ("WeaklyKnown", "convergence"): (35.4, 73.5, 55.8, 17.2, 2.2),
    ("Unknown", "convergence"): (25.8, 55.8, 36.6, 12.2, 3.2),
    ("Natural", "convergence"): (41.8, 95.5, 61.7, 14.8, 2.5),
}
TRAIN_SETS = list(dict.fromkeys(name for name, _ in PUBLISHED))
COLUMNS = ["train_set", "strategy", "epoch", "category", "questions", "seeds", "accuracy", "low", "high"]
COLUMNS += ["rank", "rank_low", "rank_high", "published", "published_rank"]


def arms(
    member: np.ndarray,
    answers: Mapping[tuple[str, str], np.ndarray],
    strategies: Mapping[str, str],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate the accuracy of the arms and their ranks, in the shape of Gekhman et al. 2024, Table 2.

    Args:
        member: category of each test question at base, 0/1, shape (questions, 4).
        answers: for each (train set, epoch) which questions were answered right, bool, shape (questions, seeds).
        strategies: the strategy that is the arm of each train set.
        bootstrap: how to resample.

    Returns:
        One row for each train set, epoch and group of questions: accuracy with its interval, the rank among the arms (1
        is the highest accuracy) with its interval, and the published accuracy (a share) and rank among the same arms.
    """
    table = accuracy(member, answers, bootstrap).rename(columns={"strategy": "train_set"})
    ranked = [_ranks(member, answers, epoch, bootstrap) for epoch in EPOCHS]
    table = table.merge(pd.concat(ranked), on=["train_set", "epoch", "category"], validate="one_to_one")
    table["strategy"] = table["train_set"].map(strategies)
    order = table["train_set"].map(TRAIN_SETS.index)
    return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)[COLUMNS]


def _ranks(
    member: np.ndarray, answers: Mapping[tuple[str, str], np.ndarray], epoch: str, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Rank the arms at an epoch in the sample, in every draw and in the publication; ties share the better rank."""
    names = [name for name, other in answers if other == epoch]
    groups = np.hstack([np.ones((len(member), 1), np.int8), member])
    sums, sizes = group_sums(groups, [answers[name, epoch] for name in names], bootstrap)
    means = [seed_mean(part, bootstrap.seeds(part.shape[1])) for part in sums]
    drawn = rankdata(-ratio(np.stack(means, axis=1), sizes[:, None]), method="min", axis=1).astype(float)
    published = np.array([PUBLISHED[name, epoch] for name in names]) / 100
    columns = *bootstrap.interval(drawn), published, rankdata(-published, method="min", axis=0)
    rows = [
        (name, epoch, group, *(column[i, j] for column in columns))
        for i, name in enumerate(names)
        for j, group in enumerate(GROUPS)
    ]
    return pd.DataFrame(rows, columns=["train_set", "epoch", "category", *COLUMNS[-5:]])
