"""Whether upgraded questions share entities with trained ones more often than by chance, after each stage."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import by_checkpoint, read_trained_ids
from gradual_learning.evaluation.entity_sharing import entity_sharing
from gradual_learning.evaluation.labels import Labels
from gradual_learning.experiment import chain_name
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import QUESTIONS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the questions, the categories of both splits and the training sets."""
    bootstrap = Bootstrap.from_params(settings)
    texts = read_table(inputs["questions"], QUESTIONS)
    data = by_checkpoint(settings["checkpoints"], inputs["data"])
    parts = []
    for split, labels in Labels.of_splits(inputs, settings).items():
        for chain, later in labels.trained().items():
            trained = [read_trained_ids(data, chain, seed) for seed in labels.design.seeds]
            part = entity_sharing(texts, labels.base, later, trained, bootstrap)
            part.insert(0, "checkpoint", chain_name(chain))
            part.insert(1, "split", split)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)
