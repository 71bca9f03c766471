"""Figures of the four categories: their shares, and the exposure behind them. Drawn from tables alone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.drawing import style
from gradual_learning.measures.runs import FULL
from gradual_learning.records import CATEGORIES

SPLITS = {"train": "train questions", "probe": "held-out test questions"}


def categories(table: pd.DataFrame) -> Figure:
    """Draw category shares along the chains of stages, on train questions and on held-out ones."""
    shown = table[table["split"].isin(SPLITS)]
    chains = list(dict.fromkeys(shown["checkpoint"]))
    figure = style.new_figure(1.3 + 0.33 * len(chains), "Categories of the same questions after each stage")
    for axes, split in zip(figure.subplots(1, 2, sharey=True), SPLITS, strict=True):
        part = _pooled(shown[shown["split"] == split])
        style.name_rows(axes, [style.chain_words(chain) for chain in chains], width=32)
        axes.grid(visible=False)
        for place, chain in enumerate(chains):
            rows = part[part["checkpoint"] == chain].set_index("category").reindex(CATEGORIES)
            _stack(axes, place, 100 * rows["share"], horizontal=True)
            ends = 100 * rows.loc[CATEGORIES[0], ["low", "high"]].to_numpy(dtype=float)
            axes.plot(ends, [place + 0.25] * 2, color=style.INK, linewidth=1.2, zorder=3)
        questions = part.groupby("checkpoint")["questions"].sum().max()
        axes.set_title(f"{SPLITS[split]} (n = {questions:,.0f})", loc="left")
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of questions (%)")
    whisker = Line2D([], [], color=style.INK, linewidth=1.2, label="interval of highly known")
    figure.legend(handles=[*style.category_handles(), whisker], loc="outside lower right", ncols=5, columnspacing=1.5)
    return figure


def _pooled(part: pd.DataFrame) -> pd.DataFrame:
    """Keep the mean over seeds where there is one."""
    seed = part["seed"].astype(str)
    averaged = part.groupby("checkpoint")["seed"].transform(lambda seeds: (seeds.astype(str) == "mean").any())
    return part[(seed == "mean") | ~averaged]


def _stack(axes: Axes, place: int, shares: pd.Series, horizontal: bool) -> None:
    """Stack the four shares (percent) as one bar, written in where there is room."""
    start = 0.0
    for category, share in shares.fillna(0).items():
        colour = style.CATEGORY_COLOURS[category]
        draw = axes.barh if horizontal else axes.bar
        edge = {"edgecolor": "white", "linewidth": 0.7}
        draw(place, share, 0.74, **{"left" if horizontal else "bottom": start}, color=colour, **edge)
        if share >= 6:
            middle = (start + share / 2, place) if horizontal else (place - 0.2, start + share / 2)
            ink = style.CATEGORY_INK[category]
            axes.text(*middle, f"{share:.0f}", ha="center", va="center", fontsize=7, color=ink, zorder=4)
        start += share


def exposure(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw category shares by how often a fact was stated in pretraining.

    Args:
        table: as :func:`ground_truth.exposure` returns it.
        confidence: coverage of the intervals.
    """
    bins = table[["low_exposure", "high_exposure"]].drop_duplicates().to_numpy().tolist()
    figure = style.new_figure(3.6, "Categories of train questions at base, by exposure of their fact in pretraining")
    axes = figure.subplots()
    for place, (low, _) in enumerate(bins):
        rows = table[table["low_exposure"] == low].set_index("category").reindex(CATEGORIES)
        _stack(axes, place, 100 * rows["share"], horizontal=False)
        axes.text(place, 101, f"n = {int(rows['questions'].sum()):,}", ha="center", va="bottom", fontsize=7)
    handles = [*style.category_handles()[::-1], *_recalled(axes, table.drop_duplicates("low_exposure"), confidence)]
    axes.set_xticks(range(len(bins)), [style.span_words(low, high) for low, high in bins])
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 100)
    axes.set_xlabel("times the fact was stated")
    axes.set_ylabel("share of train questions (%)")
    figure.legend(handles=handles, loc="outside right center")
    return figure


def _recalled(axes: Axes, bins: pd.DataFrame, confidence: float) -> list[Line2D]:
    """Draw over the bars which share of the statements is recalled, where that was asked; return what to explain."""
    if bins["recalled"].isna().all():
        return []
    line, interval = {"color": style.INK, "linewidth": 1.2}, style.interval_words(confidence)
    points = {"marker": "o", "linestyle": "--", "markersize": 4, "markeredgecolor": "white"}
    places = np.arange(len(bins)) + 0.15  # beside the numbers in the bars
    axes.vlines(places, 100 * bins["recalled_low"], 100 * bins["recalled_high"], **line)
    axes.plot(places, 100 * bins["recalled"], clip_on=False, **points, **line)
    label = f"statement recalled,\nwith {interval}"
    return [Line2D([], [], marker="o", linestyle="--", markersize=4, label=label, **line)]


def recall(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw the share of facts that the base model completes as statements, by the category of their question.

    Args:
        table: as :func:`ground_truth.recall` returns it.
        confidence: coverage of the intervals.
    """
    figure = style.new_figure(2.5, "Facts recalled as statements, by the category of their question at base")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, split in zip(panels, dict.fromkeys(table["split"]), strict=False):
        part = table[table["split"] == split].set_index("category").reindex([*CATEGORIES, FULL])
        style.name_rows(axes, ["All" if name == FULL else style.category_words(name) for name in part.index])
        rows = range(len(part))
        axes.hlines(rows, 100 * part["low"], 100 * part["high"], color=style.INK, linewidth=1.1)
        colours = [*style.CATEGORY_COLOURS.values(), "white"]
        axes.scatter(100 * part["share"], rows, s=34, c=colours, edgecolors=style.INK, linewidths=0.8, zorder=3)
        for place, questions in enumerate(part["questions"]):
            spot = axes.get_yaxis_transform()
            axes.text(1.02, place, f"{questions:,.0f}", transform=spot, va="center", fontsize=7, color=style.PALE)
        axes.set_title(f"{split} questions", loc="left")
        axes.set_title(_auc_words(part.loc[FULL]), loc="right", fontsize=7.5)
        axes.set_xlim(-3, 103)
        axes.set_xlabel("recalled (%)")
    interval = Line2D([], [], color=style.INK, linewidth=1.1, label=style.interval_words(confidence))
    count = Line2D([], [], linestyle="", label="on the right: number of questions")
    figure.legend(handles=[interval, count], loc="outside lower right", ncols=2)
    return figure


def _auc_words(row: pd.Series) -> str:
    """Write how well the category tells recalled facts from others, where there are both."""
    return "" if pd.isna(row["auc"]) else f"AUC {row['auc']:.2f} [{row['auc_low']:.2f}, {row['auc_high']:.2f}]"
