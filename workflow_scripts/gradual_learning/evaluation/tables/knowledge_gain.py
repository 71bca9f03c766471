"""HighlyKnown questions at base, after the first and after the last stage, among train and held-out questions."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.knowledge_gain import knowledge_gain
from gradual_learning.evaluation.labels import Labels


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the categories of both splits."""
    bootstrap = Bootstrap.from_params(settings)
    parts = []
    for split, labels in Labels.of_splits(inputs, settings).items():
        second = labels.relabeled_base
        relabel = None if second is None else category_indicators(second)[:, 0]
        part = knowledge_gain(category_indicators(labels.base)[:, 0], labels.highly_known(), bootstrap, relabel)
        part.insert(0, "split", split)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
