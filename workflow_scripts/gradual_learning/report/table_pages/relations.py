"""Accuracy at the best epoch by strategy and relation."""

from gradual_learning.experiment import BASE
from gradual_learning.report.wording import INTERVALS, Tables, estimate

CAPTION = f"Accuracy at the best epoch by strategy and relation. {INTERVALS}"


def finding(tables: Tables) -> str:
    """State the relations on which the base model is most and least accurate."""
    table = tables["relations"]
    base = table[table["strategy"] == BASE].sort_values("accuracy")
    lowest, highest = (f"{row['relation']}, {estimate(row, 'accuracy')}" for _, row in base.iloc[[0, -1]].iterrows())
    return f"Of {len(base)} relations, the base model is most accurate on {highest}, and least accurate on {lowest}."
