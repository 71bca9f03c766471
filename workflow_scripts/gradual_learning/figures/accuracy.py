"""Accuracy on the test questions by strategy, overall and by category at base."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.evaluation.table_values import FEW_SHOT, FULL, GROUPS
from gradual_learning.figures import style
from gradual_learning.figures.shared_strategies import (
    add_strategy_legend,
    base_rows,
    draw_strategies,
    set_limits,
    trained_strategies,
)
from gradual_learning.report.wording import INTERVALS, Tables, code, estimate

CAPTION = (
    "Zero-shot accuracy on the test questions by strategy, overall and by the category of the question under the base"
    " model. Filled markers: the epoch with the best validation accuracy. Hollow markers: the last epoch. Dashed line:"
    " the base model. Dotted line: the base model few-shot, its fair reference where it has to learn the format of the"
    f" answer. {INTERVALS}"
)
COLUMNS = ("accuracy", "low", "high")


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw one row per strategy, one panel for all questions and one for each category.

    Args:
        table: tables/accuracy.tsv.
        confidence: coverage of the intervals.
    """
    order = trained_strategies(table["strategy"])
    figure = style.new_figure(1.5 + 0.31 * len(order), "Accuracy on test questions, overall and by category at base")
    panels = figure.subplots(1, 5, sharey=True, width_ratios=[1.7, 1, 1, 1, 1])
    for axes, group in zip(panels, GROUPS, strict=True):
        part = table[table["category"] == group]
        draw_strategies(axes, part, order, COLUMNS, missing="no questions")
        questions = int(part["questions"].iloc[0])
        axes.set_title(f"{'All' if group == FULL else style.category_label(group)}\nn = {questions:,}")
        if group == FULL:
            _draw_few_shot(axes, part)
        else:
            axes.axhline(-0.6, color=style.CATEGORY_COLORS[group], linewidth=4, clip_on=False, zorder=3)
        axes.set_xlabel("accuracy (%)")
        set_limits(axes, [axes])
    few_shot = Line2D([], [], label="base model, few-shot", **style.FEW_SHOT_REFERENCE)
    add_strategy_legend(figure, confidence, "base model", [few_shot])
    return figure


def _draw_few_shot(axes: Axes, part: pd.DataFrame) -> None:
    """Draw the few-shot accuracy of the base model; by category it follows from the definition of the categories."""
    for value in part.loc[part["epoch"] == FEW_SHOT, "accuracy"]:
        axes.axvline(100 * value, zorder=1, **style.FEW_SHOT_REFERENCE)


def finding(tables: Tables) -> str:
    """State the accuracy of the base model and of the best and the worst strategy."""
    table = tables["accuracy"]
    full = table[table["category"] == FULL]
    best = full[full["epoch"] == "best"].sort_values("accuracy")
    base, lowest, highest = base_rows(full).iloc[0], best.iloc[0], best.iloc[-1]
    return (
        f"The base model answers {estimate(base, 'accuracy')} of {base['questions']:,.0f} test questions. At the best"
        f" epoch, {code(highest['strategy'])} has the highest accuracy, {estimate(highest, 'accuracy')}, and"
        f" {code(lowest['strategy'])} the lowest, {estimate(lowest, 'accuracy')}."
    )
