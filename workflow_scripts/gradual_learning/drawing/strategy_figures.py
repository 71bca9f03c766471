"""Figures of what strategies do: accuracy, comparisons, forgetting, knowledge gained. Drawn from tables alone."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullLocator

from gradual_learning.drawing import style
from gradual_learning.measures.runs import BASE, FULL, NO_EPOCH
from gradual_learning.records import CATEGORIES

M, AT_MOST = style.MINUS, "\N{LESS-THAN OR EQUAL TO}"
EPOCHS = {"best": -0.15, "convergence": 0.15}  # offset of the point in its row
BLUE = style.CATEGORY_COLOURS[CATEGORIES[0]]
UNSEEN = {"color": style.FAINT, "linewidth": 7}  # differences below the minimum detectable effect
GAIN_WORDS = {"hk_base": "base (HK0)", "hk_first": "first stage (HK1)", "hk_final": "all stages (HK2)"}
GAIN_SPLITS = {"train": "train questions", "probe": "held-out questions"}
AGAIN = {"color": style.PALE, "linestyle": (0, (1, 1)), "linewidth": 1.2}
GAIN_MARKS = {
    "hk_base": {"marker": "|", "color": style.INK, "markersize": 9, "markeredgewidth": 1.6},
    "hk_first": {"marker": "o", "color": BLUE, "markersize": 5, "markerfacecolor": "white"},
    "hk_final": {"marker": "D", "color": BLUE, "markersize": 5},
}


def accuracy(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw test accuracy by strategy, in full and by category at base."""
    order = style.strategies(table["strategy"])
    figure = style.new_figure(1.5 + 0.31 * len(order), "Accuracy on test questions, in full and by category at base")
    panels = figure.subplots(1, 5, sharey=True, width_ratios=[1.7, 1, 1, 1, 1])
    for axes, group in zip(panels, [FULL, *CATEGORIES], strict=True):
        part = table[table["category"] == group]
        _strategy_points(axes, part, order, ("accuracy", "low", "high"))
        questions = int(part["questions"].iloc[0])
        axes.set_title(f"{'All' if group == FULL else style.category_words(group)}\nn = {questions:,}")
        if group != FULL:
            axes.axhline(-0.6, color=style.CATEGORY_COLOURS[group], linewidth=4, clip_on=False, zorder=3)
        axes.set_xlabel("accuracy (%)")
        _span(axes, [axes])
    style.strategy_legend(figure, confidence, "base model")
    return figure


def forgetting(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw what strategies forget of the questions HighlyKnown at base, and how far their P0 fell."""
    order = style.strategies(table["strategy"])
    figure = style.new_figure(1.6 + 0.31 * len(order), "Forgetting of questions that were highly known at base")
    panels = figure.subplots(1, 4, sharey=True)
    answer, fall = ("forgotten", "low", "high"), ("p0_fall", "p0_low", "p0_high")
    shown = [("test", answer, "highly_known"), ("train", answer, "highly_known")]
    shown += [("test", fall, "p0_questions"), ("train", fall, "p0_questions")]
    for axes, (split, columns, count) in zip(panels, shown, strict=True):
        part = table[table["split"] == split]
        _strategy_points(axes, part, order, columns)
        sizes = part[count].dropna()
        axes.set_title(f"{split} questions\nn = {int(sizes.iloc[0]) if len(sizes) else 0:,}")
        axes.set_xlabel("unanswered (%)" if count == "highly_known" else "fall of P0 (points)")
    for pair in (panels[:2], panels[2:]):
        for axes in pair:
            _span(axes, pair, least=0.0)
    style.strategy_legend(figure, confidence, "base model (P0: labelled again)")
    return figure


def _strategy_points(axes: Axes, part: pd.DataFrame, order: list[str], columns: tuple[str, str, str]) -> None:
    """Draw one row for each strategy: the best epoch filled, the last one hollow, the base model as a dashed line."""
    style.name_rows(axes, order)
    base = part.loc[(part["strategy"] == BASE) & (part["epoch"] == NO_EPOCH), list(columns)].dropna()
    for value, low, high in 100 * base.to_numpy(dtype=float):
        style.reference(axes.axvline, axes.axvspan, value, low, high)
    for place, name in enumerate(order):
        mark = style.strategy_mark(place)
        if not part.loc[part["strategy"] == name, columns[0]].notna().any():
            style.row_note(axes, place, "not labelled")
        for epoch, offset in EPOCHS.items():
            row = part.loc[(part["strategy"] == name) & (part["epoch"] == epoch), list(columns)].dropna()
            for value, low, high in 100 * row.to_numpy(dtype=float):
                face = mark["color"] if epoch == "best" else "white"
                axes.plot([low, high], [place + offset] * 2, color=mark["color"], linewidth=1.1, zorder=2)
                axes.plot(
                    value, place + offset, markersize=4.6, markerfacecolor=face, markeredgewidth=1, zorder=3, **mark
                )
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2))


def _span(axes: Axes, alike: Sequence[Axes], least: float | None = None) -> None:
    """Set limits that hold what all ``alike`` show, at least four points wide, and ``least`` where it is given."""
    edges = [edge for other in alike for edge in other.dataLim.intervalx if math.isfinite(edge)]
    if not edges:  # nothing to show, as in a panel of a category that holds no question
        return
    low, high = min(edges), max(edges)
    low = low if least is None else min(low, least)
    spare = max(0.0, 4 - (high - low))
    low = max(min(low, 0.0), low - spare / 2)
    high = min(max(high, 100.0), max(high, low + 4))
    margin = 0.05 * (high - low)
    axes.set_xlim(low - margin, high + margin)


def knowledge_gain(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw counts of HighlyKnown questions at base, after one stage and after all, with both readings of the gain.

    Args:
        table: as :func:`metrics.knowledge_gain` returns it, for both splits.
        confidence: coverage of the intervals.
    """
    order = list(dict.fromkeys(table["strategy"]))
    title = "Highly known questions before and after each stage"
    if not order:
        return style.nothing(title, "No strategy has more than one stage.")
    figure = style.new_figure(1.75 + 0.33 * len(order), title)
    panels = figure.subplots(1, 6, sharey=True, width_ratios=[1.5, 1, 1] * 2)
    for split, (counts, relative, incremental) in zip(GAIN_SPLITS, np.split(panels, 2), strict=True):
        part = table[table["split"] == split].set_index("strategy").reindex(order)
        _gain_counts(counts, part)
        counts.set_title(f"{GAIN_SPLITS[split]}\nn = {part['questions'].max():,.0f}", loc="left")
        _gain_shares(relative, part, ("relative", "low", "high"))
        _gain_shares(incremental, part, ("incremental", "inc_low", "inc_high"))
        for growth in 100 * (part["hk_retest"] / part["hk_base"] - 1).dropna().unique():
            relative.axvline(growth, **AGAIN)
        relative.set_title(f"HK2/HK1 {M} 1", fontsize=7)
        incremental.set_title(f"(HK2{M}HK0)/\n(HK1{M}HK0) {M} 1", fontsize=7)
    style.name_rows(panels[0], order)
    _gain_legend(figure, confidence)
    return figure


def _gain_counts(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row a strategy: three counts with their intervals; behind them, the base model labelled again."""
    style.name_rows(axes, [""] * len(part))
    for place, (_, row) in enumerate(part.iterrows()):
        axes.plot(row[list(GAIN_WORDS)], [place] * 3, color=BLUE, linewidth=1, zorder=2)
        for count, offset in zip(GAIN_WORDS, (-0.15, 0, 0.15), strict=True):
            ends = row[f"{count}_low"], row[f"{count}_high"]
            axes.plot(ends, [place + offset] * 2, color=BLUE, linewidth=3, alpha=0.25, solid_capstyle="butt", zorder=1)
            axes.plot(row[count], place, zorder=3, **GAIN_MARKS[count])
    for again in part["hk_retest"].dropna().unique():
        axes.axvline(again, **AGAIN)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("highly known")


def _gain_shares(axes: Axes, part: pd.DataFrame, columns: tuple[str, str, str]) -> None:
    """Draw one row a strategy: one reading of the gain with its interval, or that it cannot be told."""
    style.name_rows(axes, [""] * len(part))
    axes.axvline(0, color=style.PALE, linewidth=0.8, zorder=1)
    for place, (value, low, high) in enumerate(100 * part[list(columns)].to_numpy(dtype=float)):
        if math.isnan(value):
            style.row_note(axes, place, "not told")
        axes.plot([low, high], [place] * 2, color=BLUE, linewidth=1.1, zorder=2)
        axes.plot(value, place, marker="D", color=BLUE, markersize=4.2, zorder=3)
    ticks = MaxNLocator(3, min_n_ticks=2) if part[columns[0]].notna().any() else NullLocator()
    axes.xaxis.set_major_locator(ticks)
    axes.margins(x=0.12)
    style.widen(axes, -1, 1)
    axes.set_xlabel("gain (%)")


def _gain_legend(figure: Figure, confidence: float) -> None:
    handles = [Line2D([], [], linestyle="", label=label, **GAIN_MARKS[count]) for count, label in GAIN_WORDS.items()]
    handles.append(Line2D([], [], label="base model, labelled again", **AGAIN))
    handles.append(Patch(facecolor=BLUE, alpha=0.25, label=style.interval_words(confidence)))
    figure.legend(handles=handles, loc="outside lower right", ncols=5, handletextpad=0.4, columnspacing=1.2)


def comparisons(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw the differences in accuracy between pairs of strategies, and how small ones the design could find.

    Args:
        table: as :func:`metrics.comparisons` returns it.
        confidence: coverage of the intervals; its complement is the level of the corrected tests.
    """
    pairs = list(dict.fromkeys(zip(table["strategy"], table["baseline"], strict=True)))
    title = "Differences in test accuracy at the best epoch, question by question"
    if not pairs:
        return style.nothing(title, "No strategies are compared.")
    figure = style.new_figure(1.5 + 0.29 * len(pairs), title)
    panels = figure.subplots(1, 5, sharey=True, width_ratios=[1.7, 1, 1, 1, 1])
    for axes, group in zip(panels, [FULL, *CATEGORIES], strict=True):
        part = table[table["category"] == group].set_index(["strategy", "baseline"]).reindex(pairs)
        _difference_rows(axes, part, 1 - confidence)
        axes.set_title("All" if group == FULL else style.category_words(group))
        axes.set_xlabel("points")
    style.name_rows(panels[0], [f"{strategy} {M} {baseline}" for strategy, baseline in pairs], width=30)
    _difference_legend(figure, confidence)
    return figure


def _difference_rows(axes: Axes, part: pd.DataFrame, level: float) -> None:
    """Draw one row a pair: the difference with its interval, over what is too small to be found.

    A point is filled where its interval leaves out 0 and the corrected test, where there is one, agrees.
    """
    style.name_rows(axes, [""] * len(part))
    rows = np.arange(len(part))
    axes.hlines(rows, -100 * part["mde"], 100 * part["mde"], zorder=1, **UNSEEN)
    axes.axvline(0, **style.REFERENCE)
    axes.hlines(rows, 100 * part["low"], 100 * part["high"], color=BLUE, linewidth=1.1, zorder=2)
    beyond = (part["low"] > 0) | (part["high"] < 0)
    told = (beyond & ~(part["adjusted_p"] > level)).to_numpy()
    for chosen, face in ((told, BLUE), (~told, "white")):
        spots = 100 * part["difference"][chosen], rows[chosen]
        axes.plot(*spots, marker="o", linestyle="", color=BLUE, markerfacecolor=face, markersize=4.6, zorder=3)
    style.widen(axes, -1, 1)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))


def _difference_legend(figure: Figure, confidence: float) -> None:
    point = {"marker": "o", "color": BLUE, "markersize": 4.6, "linestyle": ""}
    level = f"{1 - confidence:.2g}"
    handles = [
        Line2D([], [], color=BLUE, linewidth=1.1, label=style.interval_words(confidence)),
        Line2D([], [], label=f"told from 0 (all: and corrected p {AT_MOST} {level})", **point),
        Line2D([], [], label="not told from 0", markerfacecolor="white", **point),
        Patch(facecolor=UNSEEN["color"], label="below the detectable effect"),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=4, handletextpad=0.5, columnspacing=1.2)
