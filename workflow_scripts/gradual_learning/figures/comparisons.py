"""Differences in accuracy between pairs of strategies."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gradual_learning.evaluation.table_values import FULL, GROUPS
from gradual_learning.figures import style
from gradual_learning.report.wording import INTERVALS, Tables, code, interval, points

CAPTION = (
    "Pairs of strategies compared question by question, overall and by category at base: the difference in accuracy,"
    " the answers gained and lost, McNemar's exact test, p corrected for all comparisons (adjusted_p) and the minimum"
    f" detectable effect at a power of 80 % (mde). {INTERVALS}"
)
TITLE = "Paired differences in test accuracy at the best epoch"
POINT: dict[str, Any] = {"marker": "o", "linestyle": "", "color": style.BLUE, "markersize": 4.6}
UNDETECTABLE: dict[str, Any] = {"color": style.FAINT, "linewidth": 7}  # below the minimum detectable effect


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw one row per pair, one panel for all questions and one for each category.

    Args:
        table: tables/comparisons.tsv.
        confidence: coverage of the intervals; its complement is the level of the corrected tests.
    """
    pairs = list(dict.fromkeys(zip(table["strategy"], table["baseline"], strict=True)))
    if not pairs:
        return style.empty_figure(TITLE, "No strategies are compared.")
    figure = style.new_figure(1.5 + 0.29 * len(pairs), TITLE)
    panels = figure.subplots(1, 5, sharey=True, width_ratios=[1.7, 1, 1, 1, 1])
    for axes, group in zip(panels, GROUPS, strict=True):
        part = table[table["category"] == group].set_index(["strategy", "baseline"]).reindex(pairs)
        _draw_differences(axes, part, 1 - confidence)
        axes.set_title("All" if group == FULL else style.category_label(group))
        axes.set_xlabel("points")
    style.label_rows(panels[0], [f"{strategy} {style.MINUS} {baseline}" for strategy, baseline in pairs], width=30)
    _add_legend(figure, confidence)
    return figure


def _draw_differences(axes: Axes, part: pd.DataFrame, level: float) -> None:
    """Draw one row per pair: the difference with its interval, over the differences that are too small to detect.

    A point is filled where its interval excludes 0 and the corrected test, where there is one, agrees.
    """
    style.label_rows(axes, [""] * len(part))
    rows = np.arange(len(part))
    axes.hlines(rows, -100 * part["mde"], 100 * part["mde"], zorder=1, **UNDETECTABLE)
    axes.axvline(0, **style.REFERENCE)
    axes.hlines(rows, 100 * part["low"], 100 * part["high"], color=style.BLUE, linewidth=1.1, zorder=2)
    excludes_zero = (part["low"] > 0) | (part["high"] < 0)
    significant = (excludes_zero & ~(part["adjusted_p"] > level)).to_numpy()
    for chosen, face in ((significant, style.BLUE), (~significant, "white")):
        axes.plot(100 * part["difference"][chosen], rows[chosen], markerfacecolor=face, zorder=3, **POINT)
    if part["difference"].isna().all():
        style.note_in_row(axes, (len(part) - 1) / 2, "no questions")
    style.widen_limits(axes, -1, 1)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))


def _add_legend(figure: Figure, confidence: float) -> None:
    level = f"{1 - confidence:.2g}"
    handles = [
        Line2D([], [], color=style.BLUE, linewidth=1.1, label=style.interval_label(confidence)),
        Line2D([], [], label=f"significant (All: corrected p \N{LESS-THAN OR EQUAL TO} {level})", **POINT),
        Line2D([], [], label="not significant", markerfacecolor="white", **POINT),
        Patch(facecolor=UNDETECTABLE["color"], label="below the detectable effect"),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=4, handletextpad=0.5, columnspacing=1.2)


def finding(tables: Tables) -> str:
    """State the largest and the smallest difference."""
    table = tables["comparisons"]
    full = table[table["category"] == FULL].sort_values("difference")
    if full.empty:
        return "No strategies are compared."
    ends = [
        f"{points(row['difference'])} points {interval(row['low'], row['high'])} ({code(row['strategy'])} against"
        f" {code(row['baseline'])})"
        for _, row in full.iloc[[0, -1]].iterrows()
    ]
    return f"The differences of {len(full)} comparison(s) range from {ends[0]} to {ends[1]}."
