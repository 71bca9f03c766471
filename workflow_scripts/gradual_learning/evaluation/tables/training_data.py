"""The training questions of every stage by role and category, with the set formula."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.checkpoints import by_checkpoint
from gradual_learning.evaluation.training_data import training_data


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the training set and the formula of every checkpoint."""
    data, formulas = (by_checkpoint(settings["checkpoints"], inputs[name]) for name in ("data", "formulas"))
    return training_data(data, formulas)
