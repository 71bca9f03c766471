"""The labels of all questions under all labeled checkpoints in one table."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from gradual_learning.tables.schemas import LABELS, label_column


def knowledge_table(questions: pd.DataFrame, labels: Mapping[str, Iterable[pd.DataFrame]]) -> pd.DataFrame:
    """Join every question with its labels.

    Args:
        questions: columns of ``schemas.QUESTIONS``.
        labels: for each checkpoint the tables of its labels (``schemas.KNOWLEDGE``), which share no question.

    Returns:
        Columns of ``schemas.labeled_questions``, one row per question, in the order of ``questions``. Labels are
        missing where a checkpoint was not labeled on a question.

    Raises:
        ValueError: a question is labeled twice under a checkpoint.
    """
    columns: dict[str, np.ndarray] = {}
    for checkpoint, tables in labels.items():
        known = pd.concat(tables).set_index("id").reindex(questions["id"])
        columns |= {label_column(checkpoint, name): known[name].to_numpy() for name in LABELS}
    return pd.concat([questions.reset_index(drop=True), pd.DataFrame(columns)], axis=1)
