"""Transitions of questions between categories, compared with label noise (as in Li et al. 2024, tables 3 and 4)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.tables.schemas import CATEGORIES

MOVE = ["from_category", "to_category"]
COLUMNS = ["from_checkpoint", "to_checkpoint", "seed", "split", *MOVE, "questions", "share"]


def transitions(pairs: Mapping[tuple[str, str, str, str], tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Count the transitions between categories and compute their shares of the category they start from.

    Args:
        pairs: for each (from_checkpoint, to_checkpoint, seed, split) the categories of the same questions before and
            after, sorted by id. The base model labeled twice may be among them: it shows the noise floor.

    Returns:
        from_checkpoint, to_checkpoint, seed, split, from_category, to_category, questions, share (empty without
        questions), floor (the share of the same transition when the base model is labeled a second time), excess
        (share - floor; both empty without a second labeling).
    """
    rows: list[tuple] = []
    for key, (before, after) in pairs.items():
        counts = category_indicators(before).astype(np.int64).T @ category_indicators(after).astype(np.int64)
        shares = ratio(counts, counts.sum(axis=1, keepdims=True))
        for i, start in enumerate(CATEGORIES):
            rows.extend((*key, start, end, counts[i, j], shares[i, j]) for j, end in enumerate(CATEGORIES))
    table = pd.DataFrame(rows, columns=COLUMNS)
    floor = table.loc[table["to_checkpoint"] == RELABELED, [*MOVE, "share"]].rename(columns={"share": "floor"})
    table = table.merge(floor, on=MOVE, how="left", validate="many_to_one")
    return table.assign(excess=table["share"] - table["floor"])
