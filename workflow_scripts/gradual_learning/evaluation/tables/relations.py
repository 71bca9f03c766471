"""Test accuracy by relation for the base model and all strategies at the best epoch."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import Design, by_checkpoint, read_best_answers, read_knowledge
from gradual_learning.evaluation.relations import relations


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the evaluations at the best epoch."""
    questions = read_knowledge(inputs["known"])
    best = by_checkpoint(settings["checkpoints"], inputs["best"])
    answers = read_best_answers(inputs["base"], best, Design.from_params(settings), questions["id"])
    return relations(questions["relation"], answers, Bootstrap.from_params(settings))
