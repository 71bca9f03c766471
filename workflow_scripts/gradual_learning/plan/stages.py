"""The training of each checkpoint, counted before it runs: its questions, epochs and steps."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gradual_learning.experiment import selection as stage_selection
from gradual_learning.experiment import stages_of
from gradual_learning.plan.workload import Workload
from gradual_learning.tables.schemas import CATEGORIES
from gradual_learning.training import selection

SHARES = dict(zip(CATEGORIES, (0.24, 0.25, 0.17, 0.34), strict=True))  # Gekhman et al. 2024, their test questions
BEST_EPOCH = 5  # the epochs of early_stopping_patience follow it
_GOLDEN_RATIO = 0.6180339887  # its multiples spread any number of points evenly over the unit interval


@dataclass(frozen=True)
class StageWork:
    """The training of one checkpoint."""

    questions: int
    epochs: float
    steps: float
    batch_size: int
    method: str


def assumed_labels(questions: pd.DataFrame) -> pd.Series:
    """Assign the categories of :data:`SHARES` to the train questions, evenly over their ids; indexed by id."""
    ids = questions.loc[questions["split"] == "train", "id"].sort_values()
    place = (np.arange(len(ids)) * _GOLDEN_RATIO) % 1
    bounds = np.cumsum(list(SHARES.values()))
    return pd.Series(np.array(CATEGORIES)[np.searchsorted(bounds, place)], index=ids)


def count_stages(workload: Workload, labels: pd.Series, are_known: bool, at_most: bool) -> dict[str, StageWork]:
    """Count the training of every checkpoint.

    Args:
        workload: the experiment.
        labels: category of each train question under the base model, by id.
        are_known: whether the base model has been labeled, so that ``labels`` are not assumed.
        at_most: whether to count the upper bound: all train questions and all epochs, unless they are known.
    """
    found: dict[str, StageWork] = {}
    experiment = workload.experiment
    keys = ("method", "batch_size", "num_train_epochs", "early_stopping_patience", "max_steps")
    for name in workload.trained_checkpoints:
        stage, sibling = experiment.stage(name), experiment.sibling(name)
        method, batch_size, max_epochs, patience, max_steps = (experiment.setting(stage, key) for key in keys)
        questions = _count_questions(workload, name, labels, are_known, at_most)
        per_epoch = math.ceil(questions / batch_size)
        fixed = max_steps if sibling is None else found[sibling].steps
        if fixed is None:
            epochs = max_epochs if at_most else min(max_epochs, BEST_EPOCH + patience)
            steps = per_epoch * epochs
        else:
            steps = fixed if questions else 0
            epochs = steps if at_most else steps / max(per_epoch, 1)  # every epoch has a step
        found[name] = StageWork(questions, epochs, steps, batch_size, method)
    return found


def _count_questions(workload: Workload, name: str, labels: pd.Series, are_known: bool, at_most: bool) -> int:
    """Count the questions of a stage; later stages are expected to find as many of each category, but other ones."""
    experiment, names = workload.experiment, stages_of(name)
    settings, is_later = experiment.stage(name), len(names) > 1
    stage, matched = selection.Stage.from_config(stage_selection(settings)), experiment.matched_selection(settings)
    needs_current = bool(stage.current or stage.balanced or stage.replay or stage.random_from)
    if at_most and (not are_known or (is_later and needs_current)):
        return len(labels)
    current = labels.sample(frac=1, random_state=0) if is_later else labels
    relations = workload.questions.set_index("id")["relation"].reindex(labels.index)
    columns = {"relation": relations, "category_current": current.to_numpy(), "category_at_base": labels}
    known = pd.DataFrame(columns).rename_axis("id").reset_index()
    return len(selection.select(known, stage, selection.Stage.from_config(matched) if matched else None, names[-1]))
