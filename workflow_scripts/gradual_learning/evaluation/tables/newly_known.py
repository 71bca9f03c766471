"""Which WeaklyKnown and Unknown facts become known after each stage, by exposure in pretraining."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.newly_known import newly_known
from gradual_learning.experiment import chain_name
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import FACTS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the facts of the world and the categories of both splits."""
    bootstrap = Bootstrap.from_params(settings)
    facts = read_table(inputs["facts"], FACTS)
    parts = []
    for split, labels in Labels.of_splits(inputs, settings).items():
        later = {chain_name(chain): tables for chain, tables in labels.trained().items()}
        part = newly_known(facts, labels.base, later, labels.relabeled_base, bootstrap)
        part.insert(0, "split", split)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
