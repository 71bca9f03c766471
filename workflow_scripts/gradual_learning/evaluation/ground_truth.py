"""The facts of a simulated world: exposure in pretraining and recall, looked up for the labeled questions."""

import numpy as np
import pandas as pd

from gradual_learning.jobs.errors import UserError

MIN_FACTS = 20  # in a bin; a share of fewer facts is too uncertain
BIN = ["low_exposure", "high_exposure"]


def look_up(table: pd.DataFrame, known: pd.DataFrame, column: str) -> np.ndarray:
    """Look up a column of a table of facts for every labeled question.

    Args:
        table: facts of the world, or their recall, with the columns id and ``column``.
        known: categories of the questions, with the column id.
        column: name of the column, which holds whole numbers or truth values.

    Returns:
        Whole numbers, shape (questions,).

    Raises:
        UserError: a labeled question belongs to no fact of the world.
    """
    found = known["id"].map(table.set_index("id")[column])
    if found.isna().any():
        unknown = known["id"][found.isna()]
        raise UserError(
            f"{len(unknown)} labeled questions, for example {unknown.iloc[0]}, belong to no fact of the simulated "
            "world. Remove the folder world/ of the results and rerun."
        )
    return found.to_numpy(dtype=np.int64)


def exposure_bins(exposures: np.ndarray, minimum: int = MIN_FACTS) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Group facts by exposure, in bins 0, 1, 2-3, 4-7, ...

    Args:
        exposures: how often each fact is stated in the pretraining documents, shape (facts,).
        minimum: facts in the lowest and in the highest bin of stated facts, which are extended until they hold as many.
            Unread facts (exposure 0) have a bin of their own, however few they are.

    Returns:
        The lowest and highest exposure of each bin, inclusive, and 0/1 of shape (facts, bins). Empty bins are left out.
    """
    powers = np.frexp(exposures)[1]  # 0 -> 0, 1 -> 1, 2..3 -> 2, 4..7 -> 3
    stated = np.sort(powers[powers > 0])
    enough = min(minimum, len(stated))
    places = powers.copy()
    if enough:
        last = stated[-enough]
        places[powers > 0] = powers[powers > 0].clip(min(stated[enough - 1], last), last)
    filled = np.unique(places)
    members = [powers[places == place] for place in filled]
    bounds = [(2 ** int(own.min() - 1) if own.any() else 0, 2 ** int(own.max()) - 1) for own in members]
    return bounds, (places[:, None] == filled).astype(np.int8)
