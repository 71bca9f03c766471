"""Loss and accuracy of every stage, epoch by epoch, with the best epoch marked."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.checkpoints import by_checkpoint
from gradual_learning.evaluation.learning_curves import learning_curves


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the log and the summary of every checkpoint."""
    logs, summaries = (by_checkpoint(settings["checkpoints"], inputs[name]) for name in ("logs", "summaries"))
    return learning_curves(logs, summaries)
