"""Accuracy relation by relation: whether a gain is general or comes from few kinds of questions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gradual_learning.measures.metrics import SHARE, group_sums
from gradual_learning.measures.runs import BASE
from gradual_learning.measures.statistics import Bootstrap, ratio, seed_folds

COLUMNS = ["strategy", "relation", "questions", "seeds", "accuracy", "low", "high"]
COLUMNS += ["difference", "diff_low", "diff_high"]


def relations(names: pd.Series, answers: Mapping[str, np.ndarray], bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate accuracy by relation and its difference to the base model.

    Args:
        names: relation of each question.
        answers: for each strategy, the base model included, which questions were answered right, bool, shape
            (questions, seeds).
        bootstrap: how to resample.

    Returns:
        One row for each strategy and relation (sorted): questions, seeds, accuracy with its interval, and the
        difference to the base model with its interval (empty for the base model itself).
    """
    groups = pd.get_dummies(names, dtype=np.int8)
    sums, sizes = group_sums(groups.to_numpy(), list(answers.values()), bootstrap)
    share = {name: ratio(seed_folds(part), sizes) for name, part in zip(answers, sums, strict=True)}
    parts = []
    for name, values in share.items():
        part = pd.DataFrame({"relation": groups.columns, "questions": sizes[0].astype(int)})
        part[["accuracy", "low", "high"]] = np.column_stack(bootstrap.seeds_interval(values, SHARE))
        if name != BASE:
            difference = bootstrap.seeds_interval(values - share[BASE])
            part[["difference", "diff_low", "diff_high"]] = np.column_stack(difference)
        parts.append(part.assign(strategy=name, seeds=answers[name].shape[1]))
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)
