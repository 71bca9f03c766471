"""Whether upgraded questions share an entity with trained ones more often than by chance."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.figures import style
from gradual_learning.report.wording import Tables

CAPTION = (
    "Share of the upgraded questions, themselves not trained on, that have an entity in common with a trained question."
    " The gray bars show the interval of random permutations within relation and category at base."
)
TITLE = "Upgraded questions that share an entity with trained ones"
SPLITS = {"train": "train", "heldout": "held-out"}
POINT: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 4.6}
OUTSIDE: dict[str, Any] = {"color": style.ACCENT}
INSIDE: dict[str, Any] = {"color": style.ACCENT, "markerfacecolor": "white"}
PERMUTATIONS: dict[str, Any] = {"color": "#b5b5b5", "linewidth": 5}


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw one row per chain of stages, one panel per entity and split, over the interval of the permutations.

    Args:
        table: tables/sharing.tsv.
        confidence: coverage of the interval.
    """
    if table.empty:
        return style.empty_figure(TITLE, "No upgraded question could share an entity.")
    chains = list(dict.fromkeys(table["checkpoint"]))
    kinds = list(dict.fromkeys(zip(table["entity"], table["split"], strict=True)))
    labels = [style.chain_label(chain, 32) for chain in chains]
    figure = style.new_figure(1.6 + style.row_height(labels, 0.26) * len(chains), TITLE)
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, (entity, split) in zip(panels, kinds, strict=True):
        part = table[(table["entity"] == entity) & (table["split"] == split)].set_index("checkpoint").reindex(chains)
        style.label_rows(axes, labels, width=32)
        _draw_shares(axes, part)
        axes.set_title(f"same {entity},\n{SPLITS[split]}", loc="left", fontsize=8)
        axes.set_xlabel("share (%)")
    handles = [
        Line2D([], [], label="outside the interval", **POINT, **OUTSIDE),
        Line2D([], [], label="inside the interval", **POINT, **INSIDE),
        Line2D([], [], label=f"{style.interval_label(confidence)} of permutations", **PERMUTATIONS),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, columnspacing=1.5)
    return figure


def _draw_shares(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row per chain: the interval of the permutations, and the share, filled where it lies outside."""
    rows = np.arange(len(part))
    axes.hlines(rows, 100 * part["null_low"], 100 * part["null_high"], **PERMUTATIONS)
    is_outside = (part["share"] < part["null_low"]) | (part["share"] > part["null_high"])
    for chosen, look in ((is_outside, OUTSIDE), (~is_outside, INSIDE)):
        axes.plot(100 * part["share"][chosen], rows[chosen], **POINT, **look)


def finding(tables: Tables) -> str:
    """State in how many rows of the table upgraded questions share an entity more often than by chance."""
    table = tables["sharing"]
    above = table[table["share"] > table["null_high"]]
    return (
        f"In {len(above)} of {len(table)} rows of the table, the share of upgraded questions that have an entity in"
        " common with a trained one lies above the permutation interval."
    )
