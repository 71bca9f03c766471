"""Categories at base by how often the pretraining documents state a fact."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.figures import style
from gradual_learning.figures.shared_category_bars import draw_category_bar
from gradual_learning.report.wording import Tables, share
from gradual_learning.tables.schemas import CATEGORIES

CAPTION = (
    "Categories of the train questions under the base model by how often the pretraining documents state the fact: a"
    " ground truth that is known only for a model pretrained here. A fact stated 0 times can only be guessed."
)
LINE: dict[str, Any] = {"color": style.INK, "linewidth": 1.2}
POINT: dict[str, Any] = {"marker": "o", "linestyle": "--", "markersize": 4}
GUESS: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 4, "color": style.INK, "fillstyle": "none"}


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw category shares, and the share of facts recalled as statements, by number of statements in pretraining.

    Args:
        table: tables/exposure.tsv.
        confidence: coverage of the intervals.
    """
    bins = table[["low_exposure", "high_exposure"]].drop_duplicates().to_numpy().tolist()
    figure = style.new_figure(3.6, "Categories of train questions at base, by exposure of their fact in pretraining")
    axes = figure.subplots()
    for position, (low, _) in enumerate(bins):
        rows = table[table["low_exposure"] == low].set_index("category").reindex(CATEGORIES)
        draw_category_bar(axes, position, 100 * rows["share"], horizontal=False)
        axes.text(position, 101, f"n = {int(rows['questions'].sum()):,}", ha="center", va="bottom", fontsize=7)
    handles = [*style.category_handles()[::-1], *_draw_recall(axes, table.drop_duplicates("low_exposure"), confidence)]
    axes.set_xticks(range(len(bins)), [style.range_label(low, high) for low, high in bins])
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 100)
    axes.set_xlabel("times the fact was stated")
    axes.set_ylabel("share of train questions (%)")
    figure.legend(handles=handles, loc="outside right center")
    return figure


def _draw_recall(axes: Axes, bins: pd.DataFrame, confidence: float) -> list[Line2D]:
    """Draw the share of recalled statements over the bars, where it was measured; return its legend handles."""
    if bins["recalled"].isna().all():
        return []
    positions = np.arange(len(bins)) + 0.15  # next to the numbers in the bars
    axes.vlines(positions, 100 * bins["recalled_low"], 100 * bins["recalled_high"], **LINE)
    stated = (bins["low_exposure"] > 0).to_numpy()
    recalled = 100 * bins["recalled"].to_numpy()
    axes.plot(positions[stated], recalled[stated], clip_on=False, markeredgecolor="white", **POINT, **LINE)
    axes.plot(positions[~stated], recalled[~stated], clip_on=False, **GUESS)
    label = f"statement recalled,\nwith {style.interval_label(confidence)}"
    guesses = [] if stated.all() else [Line2D([], [], label="never stated: guessed", **GUESS)]
    return [Line2D([], [], label=label, **POINT, **LINE), *guesses]


def finding(tables: Tables) -> str:
    """State recall and HighlyKnown shares of unread facts, and at both ends of the other exposures."""
    table = tables["exposure"].set_index("category").loc[[CATEGORIES[0]]].sort_values("low_exposure")
    is_unread = table["low_exposure"] == 0
    stated = table[~is_unread]
    ends = [
        f"{share(row['recalled'])} of the facts {_recalled(row['low_exposure'], row['high_exposure'])}, and"
        f" {share(row['share'])} of their questions are HighlyKnown"
        for _, row in pd.concat([table[is_unread], stated.head(1), stated.tail(1)]).iterrows()
    ]
    return f"{'; '.join(ends)}."


def _recalled(low: float, high: float) -> str:
    if high == 0:
        return "never stated are guessed as statements"
    times = f"{low:.0f} to {high:.0f} times" if low < high else "once" if low == 1 else f"{low:.0f} times"
    return f"stated {times} are recalled as statements"
