"""Categories at base by exposure: how often the pretraining documents state a fact."""

import numpy as np
import pandas as pd

from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.ground_truth import BIN, exposure_bins, look_up
from gradual_learning.evaluation.statistics import wilson_interval
from gradual_learning.tables.schemas import CATEGORIES

COLUMNS = [*BIN, "category", "questions", "share", "low", "high", "recalled", "recalled_low", "recalled_high"]


def exposure(facts: pd.DataFrame, known: pd.DataFrame, recall: pd.DataFrame, confidence_level: float) -> pd.DataFrame:
    """Tabulate categories at base by exposure in pretraining, in bins that are powers of two.

    Args:
        facts: columns of ``schemas.FACTS``; facts without a labeled question are left out.
        known: categories of the train questions under the base model, sorted by id.
        recall: whether the base model completes a statement of each fact (``schemas.EVALUATION``).
        confidence_level: nominal coverage of the intervals (Wilson's).

    Returns:
        low_exposure, high_exposure (both inclusive; the last bin includes sparse bins above it), category, questions,
        share (of the bin), low, high; recalled (share of the facts in the bin whose statement is completed; in the bin
        of unread facts by a guess), recalled_low, recalled_high.

    Raises:
        UserError: a labeled question belongs to no fact of the world.
    """
    bounds, inside = exposure_bins(look_up(facts, known, "exposures"))
    recalled = look_up(recall, known, "correct")
    counts = inside.T.astype(np.int64) @ np.column_stack([recalled, category_indicators(known)])
    shares = np.stack(wilson_interval(counts, inside.sum(axis=0)[:, None], confidence_level), axis=-1)
    rows = [
        (*bound, category, counts[place, column], *shares[place, column], *shares[place, 0])
        for place, bound in enumerate(bounds)
        for column, category in enumerate(CATEGORIES, 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
