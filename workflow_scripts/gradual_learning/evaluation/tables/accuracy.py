"""Accuracy on the test questions, in full and by category at base, with the few-shot accuracy of the base model."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.accuracy import accuracy, few_shot_accuracy
from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    by_checkpoint,
    category_indicators,
    read_answers,
    read_knowledge,
)
from gradual_learning.evaluation.table_values import EPOCHS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the evaluations at the best and at the last epoch."""
    bootstrap = Bootstrap.from_params(settings)
    questions = read_knowledge(inputs["known"])
    epochs = {epoch: by_checkpoint(settings["checkpoints"], inputs[epoch]) for epoch in EPOCHS}
    answers = read_answers(inputs["base"], epochs, Design.from_params(settings), questions["id"])
    categories = category_indicators(questions)
    few_shot = few_shot_accuracy(questions, categories, bootstrap)
    return pd.concat([few_shot, accuracy(categories, answers, bootstrap)])
