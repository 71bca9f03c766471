"""The cost of every strategy: generated answers, training questions and training steps."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.data.prompts import validation_questions
from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.cost import COUNTS, KEYS, cost_by_strategy, count_cost
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Count in the files of each activity; ``parts`` holds the (checkpoint, activity) of each file."""
    questions, exemplars = read_table(inputs["questions"], QUESTIONS), read_table(inputs["prompts"], PROMPTS)
    validation = len(validation_questions(questions, exemplars))
    parts = zip(settings["parts"], inputs["files"], strict=True)
    counts = [count_cost(activity, file, validation) for (_, activity), file in parts]
    rows = pd.DataFrame(settings["parts"], columns=KEYS).join(pd.DataFrame(counts))
    return cost_by_strategy(rows, Design.from_params(settings), COUNTS)
