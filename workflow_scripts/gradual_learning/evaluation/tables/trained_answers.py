"""Which part of a difference of accuracy lies on test questions whose answer is a trained one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    by_checkpoint,
    read_best_answers,
    read_knowledge,
    taught_by_strategy,
)
from gradual_learning.evaluation.entity_sharing import gains_by_answer
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import QUESTIONS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the questions, the evaluations at the best epoch and the training sets."""
    design, ids = Design.from_params(settings), read_knowledge(inputs["known"])["id"]
    best = by_checkpoint(settings["checkpoints"], inputs["best"])
    return gains_by_answer(
        questions=read_table(inputs["questions"], QUESTIONS),
        ids=ids,
        answers=read_best_answers(inputs["base"], best, design, ids),
        trained=taught_by_strategy(by_checkpoint(settings["trained"], inputs["data"]), design),
        pairs=settings["comparisons"],
        bootstrap=Bootstrap.from_params(settings),
    )
