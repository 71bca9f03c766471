"""Figures of the four categories: shares, transitions, and the exposure behind them. Drawn from tables alone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from gradual_learning import style
from gradual_learning.records import CATEGORIES
from gradual_learning.runs import RETEST

SPLITS = {"train": "train questions", "probe": "held-out test questions"}
SHADES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#7fb4dc", "#0a4f86"])


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
            axes.plot(ends, [place] * 2, color=style.INK, linewidth=1.2, zorder=3)
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
            middle = (start + share / 2, place) if horizontal else (place, start + share / 2)
            ink = style.CATEGORY_INK[category]
            axes.text(*middle, f"{share:.0f}", ha="center", va="center", fontsize=7, color=ink, zorder=4)
        start += share


def transitions(table: pd.DataFrame) -> Figure:
    """Draw how train questions move between categories at each stage, beside the base model labelled twice."""
    part = table[table["split"] == "train"]
    title = "How train questions move between categories, from rows to columns"
    if part.empty:
        return style.nothing(title, "No checkpoint was labelled twice.")
    keys = ["from_checkpoint", "to_checkpoint"]
    steps = list(dict.fromkeys(part[keys].itertuples(index=False, name=None)))
    columns = min(len(steps), 3)
    rows = -(-len(steps) // columns)
    figure = style.new_figure(0.75 + 2.35 * rows, title)
    panels = figure.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(panels.ravel()):
        if place >= len(steps):
            axes.set_axis_off()
            continue
        inside = part[(part[keys] == list(steps[place])).all(axis=1)]
        _matrix(axes, inside, first=place % columns == 0)
        axes.set_title(_step_words(*steps[place]), fontsize=8, loc="left")
    note = "percent: share of the row; small print: questions (mean over seeds)"
    figure.supxlabel(note, fontsize=7.5, x=0.01, ha="left")
    return figure


def _step_words(start: str, end: str) -> str:
    if end == RETEST:
        return "base model, labelled again"
    before, stage = style.chain_words(start, 34), style.words(end.rpartition("+")[2])
    return f"{before}\n{style.ARROW} {stage}"


def _matrix(axes: Axes, part: pd.DataFrame, first: bool) -> None:
    """Draw one matrix: shares of each row in percent, mean counts a seed in small print."""
    means = part.groupby(["from_category", "to_category"])["questions"].mean().unstack().reindex(CATEGORIES)
    counts = means.reindex(columns=CATEGORIES).fillna(0).to_numpy()
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        ink = style.PALE if counts[i, j] < 0.5 else "white" if share > 0.55 else style.INK
        axes.text(j, i - 0.13, f"{100 * share:.0f} %", ha="center", va="center", fontsize=7.5, color=ink)
        axes.text(j, i + 0.27, f"{counts[i, j]:,.0f}", ha="center", va="center", fontsize=6, color=ink)
    short = [style.category_words(name).split()[0] for name in CATEGORIES]
    axes.set_xticks(range(4), short, fontsize=7)
    axes.set_yticks(range(4), short if first else [""] * 4, fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for place in range(4):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, edgecolor=style.INK, linewidth=0.8))


def exposure(table: pd.DataFrame) -> Figure:
    """Draw category shares by how often a fact was stated in pretraining."""
    bins = table[["low_exposure", "high_exposure"]].drop_duplicates().to_numpy().tolist()
    figure = style.new_figure(3.6, "Categories of train questions at base, by exposure of their fact in pretraining")
    axes = figure.subplots()
    handles = style.category_handles()[::-1]
    for place, (low, _) in enumerate(bins):
        rows = table[table["low_exposure"] == low].set_index("category").reindex(CATEGORIES)
        _stack(axes, place, 100 * rows["share"], horizontal=False)
        axes.text(place, 101, f"n = {int(rows['questions'].sum()):,}", ha="center", va="bottom", fontsize=7)
    recalled = 100 * table.drop_duplicates("low_exposure")["recalled"]
    if recalled.notna().any():
        axes.plot(
            range(len(bins)), recalled, "o--", color=style.INK, markersize=4, linewidth=1.2, markeredgecolor="white"
        )
        handles.append(
            Line2D([], [], color=style.INK, marker="o", linestyle="--", markersize=4, label="statement recalled")
        )
    names = [f"{low}" if low == high else f"{low}{style.DASH}{high}" for low, high in bins]
    axes.set_xticks(range(len(bins)), names)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 100)
    axes.set_xlabel("times the fact was stated")
    axes.set_ylabel("share of train questions (%)")
    figure.legend(handles=handles, loc="outside right center")
    return figure
