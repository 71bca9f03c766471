"""Effects on forgetting over several runs."""

import pandas as pd
from matplotlib.figure import Figure

from gradual_learning.evaluation.table_values import FORGETTING
from gradual_learning.figures import shared_forest
from gradual_learning.report.wording import Tables

CAPTION = shared_forest.CAPTION


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw the effects; ``table``: tables/combined.tsv, ``confidence``: coverage of the intervals."""
    return shared_forest.draw_forest(table, FORGETTING, confidence)


def finding(tables: Tables) -> str:
    """State how many mean effects differ from zero, and the largest of them."""
    return shared_forest.forest_finding(tables, FORGETTING)
