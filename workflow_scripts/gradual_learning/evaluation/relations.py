"""Accuracy by relation: whether a gain is general or comes from a few kinds of questions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.experiment import BASE

ACCURACY = ["accuracy", "low", "high"]
DIFFERENCE = ["difference", "difference_low", "difference_high"]
COLUMNS = ["strategy", "relation", "questions", "seeds", *ACCURACY, *DIFFERENCE]


def relations(names: pd.Series, answers: Mapping[str, np.ndarray], bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate accuracy by relation and its difference from the base model.

    Args:
        names: relation of each question, shape (questions,).
        answers: for each strategy, the base model included, which questions are answered correctly, bool, shape
            (questions, seeds).
        bootstrap: resampling of questions and seeds.

    Returns:
        One row for each strategy and relation (sorted): questions, seeds, accuracy with its interval, and the
        difference from the base model with its interval (empty for the base model itself).
    """
    groups = pd.get_dummies(names, dtype=np.int8)
    means, sizes = bootstrap.group_means(groups.to_numpy(), answers)
    shares = {name: ratio(part, sizes) for name, part in means.items()}
    parts = []
    for name, share in shares.items():
        part = pd.DataFrame({"relation": groups.columns, "questions": sizes[0].astype(int)})
        part[ACCURACY] = np.column_stack(bootstrap.interval_over_seeds(share, SHARE))
        if name != BASE:
            part[DIFFERENCE] = np.column_stack(bootstrap.interval_over_seeds(share - shares[BASE]))
        parts.append(part.assign(strategy=name, seeds=answers[name].shape[1]))
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)
