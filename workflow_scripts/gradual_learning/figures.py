"""Figures of what strategies do: accuracy, forgetting, knowledge gained. Drawn from tables alone."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gradual_learning import style
from gradual_learning.records import CATEGORIES
from gradual_learning.runs import BASE, FULL, NO_EPOCH

M = style.MINUS
EPOCHS = {"best": -0.15, "convergence": 0.15}  # offset of the point in its row
BLUE = style.CATEGORY_COLOURS[CATEGORIES[0]]
GAIN_WORDS = {"hk_base": "base model (HK0)", "hk_first": "first stage (HK1)", "hk_final": "all stages (HK2)"}
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
    _strategy_legend(figure, confidence, "base model")
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
    _strategy_legend(figure, confidence, "base model (P0: labelled again)")
    return figure


def _strategy_points(axes: Axes, part: pd.DataFrame, order: list[str], columns: tuple[str, str, str]) -> None:
    """Draw one row for each strategy: the best epoch filled, the last one hollow, the base model as a dashed line."""
    style.name_rows(axes, order)
    base = part.loc[(part["strategy"] == BASE) & (part["epoch"] == NO_EPOCH), list(columns)].dropna()
    for value, low, high in 100 * base.to_numpy(dtype=float):
        axes.axvspan(low, high, color=style.FAINT, alpha=0.6, linewidth=0, zorder=0)
        axes.axvline(value, color=style.PALE, linestyle=(0, (4, 2)), linewidth=1, zorder=1)
    for place, name in enumerate(order):
        mark = style.strategy_mark(place)
        if not part.loc[part["strategy"] == name, columns[0]].notna().any():
            axes.text(
                0.5,
                place,
                "not labelled",
                transform=axes.get_yaxis_transform(),
                ha="center",
                va="center",
                fontsize=7,
                color=style.PALE,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
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


def _strategy_legend(figure: Figure, confidence: float, base: str) -> None:
    point = {"marker": "o", "color": style.INK, "markersize": 4.6, "linewidth": 1.1}
    handles = [
        Line2D([], [], label="best epoch", **point),
        Line2D([], [], label="last epoch", markerfacecolor="white", **point),
        Line2D([], [], label=base, color=style.PALE, linestyle=(0, (4, 2)), linewidth=1),
        Patch(facecolor=style.FAINT, label=f"bars and band: {style.interval_words(confidence)}"),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=4, handletextpad=0.5, columnspacing=1.5)


def knowledge_gain(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw counts of HighlyKnown questions at base, after one stage and after all, with both readings of the gain."""
    order = list(dict.fromkeys(table["strategy"]))
    title = "Highly known questions before and after each stage"
    if not order:
        return style.nothing(title, "No strategy has more than one stage.")
    figure = style.new_figure(1.5 + 2 * (0.3 + 0.36 * len(order)), title)
    panels = figure.subplots(2, 2, sharey="row", width_ratios=[1, 0.95])
    for (chart, text), split in zip(panels, ["train", "probe"], strict=True):
        part = table[table["split"] == split].set_index("strategy").reindex(order)
        style.name_rows(chart, order)
        for place, (_, row) in enumerate(part.iterrows()):
            _gain_row(chart, text, place, row)
        name = "train questions" if split == "train" else "held-out test questions"
        chart.set_title(f"{name} (n = {int(part['questions'].max()):,})", loc="left")
        chart.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        text.set_axis_off()
        for x, heading in ((0.02, f"HK2/HK1 {M} 1"), (0.48, f"(HK2{M}HK0)/(HK1{M}HK0) {M} 1")):
            text.text(x, 1.03, heading, transform=text.transAxes, va="bottom", fontsize=7.5)
    panels[1, 0].set_xlabel("highly known questions")
    handles = [Line2D([], [], linestyle="", label=label, **GAIN_MARKS[count]) for count, label in GAIN_WORDS.items()]
    handles.append(Patch(facecolor=BLUE, alpha=0.25, label=f"bars and brackets: {style.interval_words(confidence)}"))
    figure.legend(handles=handles, loc="outside lower left", ncols=4, handletextpad=0.5, columnspacing=1.5)
    return figure


def _gain_row(chart: Axes, text: Axes, place: int, row: pd.Series) -> None:
    """Draw one strategy: three counts from base on, and both readings in words."""
    if pd.isna(row["hk_base"]):
        return
    counts = [row[count] for count in GAIN_WORDS]
    chart.plot(counts, [place] * 3, color=BLUE, linewidth=1, zorder=2)
    for count, offset in zip(GAIN_WORDS, (-0.13, 0, 0.13), strict=True):
        ends = row[f"{count}_low"], row[f"{count}_high"]
        chart.plot(ends, [place + offset] * 2, color=BLUE, linewidth=3, alpha=0.25, solid_capstyle="butt", zorder=1)
        chart.plot(row[count], place, zorder=3, **GAIN_MARKS[count])
    relative = _percent(row["relative"], row["low"], row["high"])
    text.text(0.02, place, relative, transform=text.get_yaxis_transform(), va="center", fontsize=7.5)
    unknown = pd.isna(row["incremental"])
    gain = f"HK1 {M} HK0 may be 0" if unknown else _percent(row["incremental"], row["inc_low"], row["inc_high"])
    colour = style.PALE if unknown else style.INK
    text.text(0.48, place, gain, transform=text.get_yaxis_transform(), va="center", fontsize=7.5, color=colour)


def _percent(value: float, low: float, high: float) -> str:
    digits = 1 if max(abs(low), abs(high)) < 1 else 0
    value, low, high = (f"{100 * number:+.{digits}f}".replace("-", M) for number in (value, low, high))
    return f"{value} % [{low}, {high}]"
