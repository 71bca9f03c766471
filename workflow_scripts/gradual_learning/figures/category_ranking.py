"""Test accuracy by the category trained on, next to the published numbers."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gradual_learning.evaluation.table_values import FULL, GROUPS
from gradual_learning.figures import style
from gradual_learning.report.wording import INTERVALS, Tables, estimate

CAPTION = (
    "Training sets of the same size that differ in category, in the format of Table 2 of Gekhman et al. 2024: accuracy"
    f" and rank at the best and at the last epoch, next to the published numbers. {INTERVALS}"
)
EPOCHS = {"best": "best epoch", "last": "last epoch"}
MEASURED: dict[str, Any] = {"marker": "o", "color": style.ACCENT, "markersize": 4.6}
PUBLISHED: dict[str, Any] = {
    "marker": "D",
    "color": style.PALE,
    "markerfacecolor": "white",
    "markersize": 4.2,
    "linestyle": "",
}


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw one row per training set, one panel for all questions and one for each category, at both epochs.

    Args:
        table: tables/category_ranking.tsv.
        confidence: coverage of the intervals.
    """
    order = list(dict.fromkeys(table["train_set"]))
    figure = style.new_figure(1.5 + 2 * (0.35 + 0.27 * len(order)), "Test accuracy by the category trained on")
    panels = figure.subplots(2, 6, sharey=True, sharex="col", width_ratios=[1.3, 1, 1, 1, 1, 1.2])
    for row, (epoch, words) in zip(panels, EPOCHS.items(), strict=True):
        for axes, group in zip(row, GROUPS, strict=False):
            is_shown = (table["epoch"] == epoch) & (table["category"] == group)
            part = table[is_shown].set_index("train_set").loc[order]
            _draw_accuracy(axes, part)
            if group == FULL:
                axes.set_ylabel(words)
                _write_ranks(row[-1], part)
    for axes, group in zip(panels[0], GROUPS, strict=False):
        axes.set_title("All" if group == FULL else style.category_label(group), fontsize=8)
    panels[0, -1].set_title("rank here,\npublished", fontsize=8)
    for axes in panels[1, :-1]:
        axes.set_xlabel("accuracy (%)")
    figure.legend(handles=_handles(confidence), loc="outside lower right", ncols=2, columnspacing=1.5)
    return figure


def _draw_accuracy(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row per training set: the measured accuracy with its interval, and the published one."""
    style.label_rows(axes, [style.category_label(name) for name in part.index])
    rows = range(len(part))
    axes.hlines(rows, 100 * part["low"], 100 * part["high"], color=style.ACCENT, linewidth=1.1, zorder=2)
    axes.plot(100 * part["accuracy"], rows, linestyle="", zorder=3, **MEASURED)
    axes.plot(100 * part["published"], rows, zorder=2, **PUBLISHED)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    axes.margins(x=0.1)


def _write_ranks(axes: Axes, part: pd.DataFrame) -> None:
    """Write the ranks by accuracy on all questions: measured with its interval, and published."""
    axes.set_axis_off()
    for place, (_, row) in enumerate(part.iterrows()):
        low, high = (f"{round(row[end], 1):g}" for end in ("rank_low", "rank_high"))
        text = f"{row['rank']:g} [{low}{style.DASH}{high}], {row['published_rank']:g}"
        axes.text(0.5, place, text, transform=axes.get_yaxis_transform(), ha="center", va="center", fontsize=7.5)


def _handles(confidence: float) -> list[Line2D]:
    interval = style.interval_label(confidence)
    return [
        Line2D([], [], linewidth=1.1, label=f"here, with {interval}", **MEASURED),
        Line2D([], [], label="published (Gekhman et al. 2024, another model)", **PUBLISHED),
    ]


def finding(tables: Tables) -> str:
    """State the order of the training sets by accuracy on all questions, at both epochs."""
    table = tables["category_ranking"]
    full = table[table["category"] == FULL].sort_values("rank")
    orders = []
    for epoch, words in EPOCHS.items():
        rows = full[full["epoch"] == epoch].iterrows()
        orders.append(
            f"at the {words} " + ", ".join(f"{row['train_set']} {estimate(row, 'accuracy')}" for _, row in rows)
        )
    return f"From the highest accuracy to the lowest: {'; '.join(orders)}."
