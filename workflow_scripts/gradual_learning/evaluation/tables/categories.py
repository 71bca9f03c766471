"""Shares of the four categories under the base model and every relabeled checkpoint."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.category_shares import category_shares
from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.table_values import NO_SEED
from gradual_learning.experiment import BASE


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the categories of all splits."""
    chains = {(BASE, "test"): {NO_SEED: read_knowledge(inputs["base_test"])}}
    for split, labels in Labels.of_splits(inputs, settings).items():
        chains |= labels.by_chain(split)
    return category_shares(chains, Bootstrap.from_params(settings))
