"""How well the category of a question predicts whether the base model completes the statement of its fact."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.recall import recall
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import EVALUATION, FACTS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the facts of the world, fact recall, and the categories of the train and test questions at base."""
    facts, statements = read_table(inputs["facts"], FACTS), read_table(inputs["recall"], EVALUATION)
    known = {split: read_knowledge(inputs[split]) for split in ("train", "test")}
    return recall(facts, known, statements, Bootstrap.from_params(settings))
