"""Loss and accuracy of every stage, epoch by epoch."""

from typing import Any

import pandas as pd

from gradual_learning.evaluation.checkpoints import Files
from gradual_learning.experiment import chain_name, seed_of, stages_of
from gradual_learning.tables.files import read_json_lines
from gradual_learning.tables.schemas import CATEGORIES

LOG = ["epoch", "step", "train_loss", "validation_accuracy", "train_accuracy"]
LOG += [f"train_accuracy_{category}" for category in CATEGORIES]
COLUMNS = ["checkpoint", "seed", "stage", *LOG, "best"]


def learning_curves(logs: Files, summaries: Files) -> pd.DataFrame:
    """Collect the training logs of all checkpoints.

    Args:
        logs: the training log (JSON lines) of each checkpoint.
        summaries: the summary (JSON) of each checkpoint, which names the best epoch.

    Returns:
        One row for each checkpoint, seed and epoch (0 is before the stage): checkpoint (its chain of stages), seed,
        stage (the last of the chain), the columns of the log, and best (whether the epoch is the best one).
    """
    rows: list[tuple[Any, ...]] = []
    for checkpoint, path in logs.items():
        stages, seed = stages_of(checkpoint), seed_of(checkpoint)
        (summary,) = read_json_lines(summaries[checkpoint], whole=True)
        for line in read_json_lines(path):
            values = [line.get(key) for key in LOG]
            rows.append((chain_name(stages), seed, stages[-1], *values, line["epoch"] == summary["best_epoch"]))
    return pd.DataFrame(rows, columns=COLUMNS)
