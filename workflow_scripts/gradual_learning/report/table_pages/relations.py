"""Accuracy at the best epoch by strategy and relation."""

from gradual_learning.experiment import BASE
from gradual_learning.report.wording import INTERVALS, Tables, estimate, plain

CAPTION = f"Accuracy at the best epoch by strategy and relation. {INTERVALS}"


def finding(tables: Tables) -> str:
    """State the relations on which the base model is most and least accurate."""
    table = tables["relations"]
    base = table[table["strategy"] == BASE].sort_values("accuracy")
    ends = (row for _, row in base.iloc[[0, -1]].iterrows())
    lowest, highest = (f"{plain(row['relation'])}, {estimate(row, 'accuracy')}" for row in ends)
    return f"Of {len(base)} relations, the base model is most accurate on {highest}, and least accurate on {lowest}."
