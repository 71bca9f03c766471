"""Categories at base by how often the pretraining documents of the simulated world state a fact."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.exposure import exposure
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import EVALUATION, FACTS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the facts of the world, the categories of the train questions at base, and fact recall."""
    facts, recall = read_table(inputs["facts"], FACTS), read_table(inputs["recall"], EVALUATION)
    return exposure(facts, read_knowledge(inputs["knowledge"]), recall, settings["confidence_level"])
