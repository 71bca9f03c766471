"""Accuracy on the test questions, in full and by category at base, with the few-shot accuracy of the base model.

The column ``containment`` is the share of the zero-shot answers that contain an accepted answer, whatever the answer
match: a model that answers in sentences can know more than its accuracy shows.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.evaluation.accuracy import accuracy, containment, contains_accepted, few_shot_accuracy
from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    by_checkpoint,
    category_indicators,
    read_answers,
    read_evaluation,
    read_knowledge,
)
from gradual_learning.evaluation.table_values import EPOCHS
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import QUESTIONS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the evaluations at the best and at the last epoch."""
    bootstrap, design = Bootstrap.from_params(settings), Design.from_params(settings)
    questions = read_knowledge(inputs["known"])
    epochs = {epoch: by_checkpoint(settings["checkpoints"], inputs[epoch]) for epoch in EPOCHS}
    read = partial(_read_judged, accepted=read_table(inputs["questions"], QUESTIONS).set_index("id")["answers"])
    judged = read_answers(inputs["base"], epochs, design, questions["id"], read)
    answers, contained = ({key: values[..., place] for key, values in judged.items()} for place in (0, 1))
    categories = category_indicators(questions)
    few_shot = few_shot_accuracy(questions, categories, bootstrap)
    zero_shot = accuracy(categories, answers, bootstrap)
    return pd.concat([few_shot, zero_shot.assign(containment=containment(categories, contained))])


def _read_judged(path: str, ids: Sequence[str], accepted: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Read which answers are correct, and which contain an accepted answer: bool, shape (questions, 2)."""
    answers = read_evaluation(path, ids)
    return np.stack([answers["correct"].to_numpy(dtype=bool), contains_accepted(answers, accepted)], axis=-1)
