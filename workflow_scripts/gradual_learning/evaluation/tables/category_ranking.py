"""Accuracy and rank of training sets of one category, next to the results of Gekhman et al. 2024."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.category_ranking import category_ranking
from gradual_learning.evaluation.checkpoints import (
    Design,
    by_checkpoint,
    category_indicators,
    read_answers,
    read_knowledge,
)
from gradual_learning.evaluation.table_values import EPOCHS
from gradual_learning.experiment import BASE


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the evaluations of the strategies that are ranked, under the names of their training sets."""
    questions = read_knowledge(inputs["known"])
    ranked: Mapping[str, str] = settings["category_ranking"]  # strategy by training set
    chains = {train_set: settings["strategies"][strategy] for train_set, strategy in ranked.items()}
    epochs = {epoch: by_checkpoint(settings["checkpoints"], inputs[epoch]) for epoch in EPOCHS}
    answers = read_answers(inputs["base"], epochs, Design(chains, settings["seeds"]), questions["id"])
    answers = {key: correct for key, correct in answers.items() if key[0] != BASE}
    return category_ranking(category_indicators(questions), answers, ranked, Bootstrap.from_params(settings))
