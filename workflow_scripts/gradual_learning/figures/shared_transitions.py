"""What the figures of transitions between categories share: mean counts and the finding in words."""

import numpy as np
import pandas as pd

from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.report.wording import code, listed, share
from gradual_learning.tables.schemas import CATEGORIES

STEP = ["from_checkpoint", "to_checkpoint"]
INITIALS = [name[0] for name in CATEGORIES]
NOTHING = "No checkpoint was relabeled."


def mean_counts(part: pd.DataFrame) -> np.ndarray:
    """Return the questions (mean over seeds) that move from each category (row) to each category (column)."""
    means = part.groupby(["from_category", "to_category"])["questions"].mean().unstack()
    return means.reindex(index=CATEGORIES, columns=CATEGORIES).fillna(0).to_numpy()


def changed_shares(table: pd.DataFrame) -> str:
    """State the share of the train questions that change category at each stage, and by chance alone."""
    train = table[table["split"] == "train"]
    moved = train[train["from_category"] != train["to_category"]]
    shares = moved.groupby(STEP, sort=False)["questions"].sum() / train.groupby(STEP, sort=False)["questions"].sum()
    stages = [
        f"{share(value)} from {code(start)} to {code(end)}"
        for (start, end), value in shares.items()
        if end != RELABELED
    ]
    chance = [
        f"{share(value)} by chance alone (base model, relabeled)"
        for (_, end), value in shares.items()
        if end == RELABELED
    ]
    return f"Train questions that change category: {listed([*stages, *chance])}."
