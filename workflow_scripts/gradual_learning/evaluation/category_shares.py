"""Shares of the four categories under the base model and every relabeled checkpoint."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap, jackknife_means
from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.table_values import MEAN
from gradual_learning.tables.schemas import CATEGORIES

COLUMNS = ["checkpoint", "seed", "split", "category", "questions", "share", "low", "high"]


def category_shares(chains: Mapping[tuple[str, str], Mapping[str, pd.DataFrame]], bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate the share of questions in each category under every labeled checkpoint.

    Args:
        chains: for each (chain, split) the categories by seed (``-`` for the base model), sorted by id.
        bootstrap: a row of one seed resamples its questions, a row ``mean`` resamples seeds and questions.

    Returns:
        checkpoint, seed, split, category, questions (in rows ``mean`` a mean of counts), share, low, high.
    """
    rows: list[tuple] = []
    for (chain, split), tables in chains.items():
        sums = bootstrap.question_sums(np.hstack([category_indicators(table) for table in tables.values()]))
        sums = sums.reshape(len(sums), len(tables), len(CATEGORIES))
        parts = {seed: sums[None, :, place] for place, seed in enumerate(tables)}
        if len(tables) > 1:
            parts[MEAN] = jackknife_means(sums)
        total = max(len(next(iter(tables.values()))), 1)
        for seed, part in parts.items():
            interval = bootstrap.interval_over_seeds(part / total, SHARE)
            rows.extend((chain, seed, split, *row) for row in zip(CATEGORIES, part[0, 0], *interval, strict=True))
    return pd.DataFrame(rows, columns=COLUMNS)
