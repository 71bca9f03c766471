"""HighlyKnown questions before and after the stages of a strategy."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullLocator

from gradual_learning.figures import style
from gradual_learning.report.wording import INTERVALS, Tables, code, growth

CAPTION = (
    "HighlyKnown questions under the base model (HK0), after the first stage (HK1) and after the last (HK2), on train"
    " and on held-out questions. The gain is given by both definitions, HK2/HK1 - 1 and (HK2 - HK0)/(HK1 - HK0) - 1."
    f" {INTERVALS}"
)
TITLE = "Highly known questions before and after each stage"
M = style.MINUS
COUNT_LABELS = {
    "highly_known_base": "base (HK0)",
    "highly_known_first": "first stage (HK1)",
    "highly_known_final": "all stages (HK2)",
}
MARKS: dict[str, dict[str, Any]] = {
    "highly_known_base": {"marker": "|", "color": style.INK, "markersize": 9, "markeredgewidth": 1.6},
    "highly_known_first": {"marker": "o", "color": style.BLUE, "markersize": 5, "markerfacecolor": "white"},
    "highly_known_final": {"marker": "D", "color": style.BLUE, "markersize": 5},
}
OFFSETS = dict(zip(COUNT_LABELS, (-0.15, 0, 0.15), strict=True))  # of the intervals in a row
SPLITS = {"train": "train questions", "heldout": "held-out questions"}
RELABELED: dict[str, Any] = {"color": style.PALE, "linestyle": (0, (1, 1)), "linewidth": 1.2}


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw counts of HighlyKnown questions at base, after one stage and after all, and the gain by both definitions.

    Args:
        table: tables/knowledge_gain.tsv.
        confidence: coverage of the intervals.
    """
    order = list(dict.fromkeys(table["strategy"]))
    if not order:
        return style.empty_figure(TITLE, "No strategy has more than one stage.")
    figure = style.new_figure(1.75 + 0.33 * len(order), TITLE)
    panels = figure.subplots(1, 6, sharey=True, width_ratios=[1.5, 1, 1] * 2)
    for split, (counts, relative, incremental) in zip(SPLITS, np.split(panels, 2), strict=True):
        part = table[table["split"] == split].set_index("strategy").reindex(order)
        _draw_counts(counts, part)
        counts.set_title(f"{SPLITS[split]}\nn = {part['questions'].max():,.0f}", loc="left")
        _draw_gain(relative, part, ("relative", "low", "high"))
        _draw_gain(incremental, part, ("incremental", "incremental_low", "incremental_high"))
        for gain in 100 * (part["highly_known_relabel"] / part["highly_known_base"] - 1).dropna().unique():
            relative.axvline(gain, **RELABELED)
        relative.set_title(f"HK2/HK1 {M} 1", fontsize=7)
        incremental.set_title(f"(HK2{M}HK0)/\n(HK1{M}HK0) {M} 1", fontsize=7)
    style.label_rows(panels[0], order)
    figure.align_xlabels(panels)
    _add_legend(figure, confidence)
    return figure


def _draw_counts(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row per strategy: three counts with their intervals, and the relabeled base model as a line."""
    style.label_rows(axes, [""] * len(part))
    band: dict[str, Any] = {"color": style.BLUE, "linewidth": 3, "alpha": 0.25, "solid_capstyle": "butt", "zorder": 1}
    for position, (_, row) in enumerate(part.iterrows()):
        axes.plot(row[list(COUNT_LABELS)], [position] * 3, color=style.BLUE, linewidth=1, zorder=2)
        for count, offset in OFFSETS.items():
            axes.plot([row[f"{count}_low"], row[f"{count}_high"]], [position + offset] * 2, **band)
            axes.plot(row[count], position, zorder=3, **MARKS[count])
    for count in part["highly_known_relabel"].dropna().unique():
        axes.axvline(count, **RELABELED)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("highly known")


def _draw_gain(axes: Axes, part: pd.DataFrame, columns: tuple[str, str, str]) -> None:
    """Draw one row per strategy: the gain by one definition with its interval, or that it is undefined."""
    style.label_rows(axes, [""] * len(part))
    axes.axvline(0, color=style.PALE, linewidth=0.8, zorder=1)
    for position, (value, low, high) in enumerate(100 * part[list(columns)].to_numpy(dtype=float)):
        if math.isnan(value):
            style.note_in_row(axes, position, "undefined")
        axes.plot([low, high], [position] * 2, color=style.BLUE, linewidth=1.1, zorder=2)
        axes.plot(value, position, marker="D", color=style.BLUE, markersize=4.2, zorder=3)
    ticks = MaxNLocator(3, min_n_ticks=2) if part[columns[0]].notna().any() else NullLocator()
    axes.xaxis.set_major_locator(ticks)
    axes.margins(x=0.12)
    style.widen_limits(axes, -1, 1)
    axes.set_xlabel("gain (%)")


def _add_legend(figure: Figure, confidence: float) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], linestyle="", label=label, **MARKS[count]) for count, label in COUNT_LABELS.items()
    ]
    handles.append(Line2D([], [], label="base model, relabeled", **RELABELED))
    handles.append(Patch(facecolor=style.BLUE, alpha=0.25, label=style.interval_label(confidence)))
    figure.legend(handles=handles, loc="outside lower right", ncols=5, handletextpad=0.4, columnspacing=1.2)


def finding(tables: Tables) -> str:
    """State the counts of HighlyKnown questions of the strategy that gains most."""
    table = tables["knowledge_gain"]
    train = table[table["split"] == "train"].dropna(subset="relative")
    if train.empty:
        return "No train question is HighlyKnown after a first stage."
    most = train.loc[train["relative"].idxmax()]
    return (
        f"{code(most['strategy'])} gains most: of {most['questions']:,} train questions,"
        f" {most['highly_known_base']:.0f} are HighlyKnown under the base model, {most['highly_known_first']:.0f} after"
        f" the first stage and {most['highly_known_final']:.0f} after the last,"
        f" {growth(most['relative'], most['low'], most['high'])} relative to the first stage."
    )
