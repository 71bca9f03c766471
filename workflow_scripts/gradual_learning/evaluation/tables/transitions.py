"""Transitions of questions between categories at each stage, and their excess over label noise."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.transitions import transitions


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the categories of both splits."""
    splits = Labels.of_splits(inputs, settings)
    return transitions({key: pair for split, own in splits.items() for key, pair in own.transitions(split).items()})
