"""Figures of what became known and why: by exposure in pretraining, by shared entities. Drawn from tables alone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.drawing import style
from gradual_learning.measures.runs import RETEST

BINS = ["low_exposure", "high_exposure"]
SPLITS = {"train": "train", "probe": "held-out"}
COLOUR = style.STRATEGY_COLOURS[0]
INSIDE = {"color": COLOUR, "markerfacecolor": "white"}
CHANCE = {"color": "#b5b5b5", "linewidth": 5}


def newly_known(table: pd.DataFrame) -> Figure:
    """Draw what share of the questions out of reach at base is known later, by how often their fact was stated.

    Args:
        table: as :func:`ground_truth.newly_known` returns it.
    """
    chains = sorted(dict.fromkeys(table["checkpoint"]), key=lambda chain: chain != RETEST)
    title = "Questions out of reach at base that became known, by exposure of their fact (%)"
    figure = style.new_figure(1.7 + 0.24 * len(chains), title)
    kinds = [(category, split) for category in dict.fromkeys(table["category"]) for split in SPLITS]
    panels = figure.subplots(1, len(kinds), sharey=True)
    panels[0].set_ylim(len(chains) - 0.5, -0.5)
    for axes, (category, split) in zip(panels, kinds, strict=True):
        part = table[(table["category"] == category) & (table["split"] == split)]
        if len(part):
            _exposure_matrix(axes, part, chains)
        axes.set_title(f"{style.category_words(category)},\n{SPLITS[split]}", loc="left", fontsize=8)
    names = ["base model, again" if chain == RETEST else style.chain_words(chain, 30) for chain in chains]
    panels[0].set_yticks(range(len(chains)), names)
    figure.supxlabel("times the fact was stated in pretraining (all: whatever the number)", fontsize=8)
    return figure


def _exposure_matrix(axes: Axes, part: pd.DataFrame, chains: list[str]) -> None:
    """Draw one matrix: shares in percent, one row a chain, one column a bin, all bins together last."""
    bins = part[BINS].drop_duplicates().sort_values(BINS[0], na_position="last").to_numpy().tolist()
    wide = part.assign(low=part[BINS[0]].fillna(np.inf)).pivot(index="checkpoint", columns="low", values="share")
    shares = 100 * wide.reindex(chains).to_numpy()
    axes.imshow(shares, cmap=style.SHADES, vmin=0, vmax=100, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        if np.isfinite(share):
            ink = "white" if share > 55 else style.INK
            axes.text(j, i, f"{share:.0f}", ha="center", va="center", fontsize=6.5, color=ink)
    axes.axvline(len(bins) - 1.5, color=style.INK, linewidth=0.8)
    names = ["all" if np.isnan(low) else style.span_words(low, high) for low, high in bins]
    axes.set_xticks(range(len(bins)), names, rotation=90, fontsize=6.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def sharing(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw how often upgraded questions share an entity with trained ones, over what chance alone would give.

    Args:
        table: as :func:`sharing.sharing` returns it.
        confidence: coverage of the interval of the permutations.
    """
    title = "Upgraded questions that share an entity with trained ones"
    if table.empty:
        return style.nothing(title, "No upgraded question could share an entity.")
    chains = list(dict.fromkeys(table["checkpoint"]))
    kinds = list(dict.fromkeys(zip(table["entity"], table["split"], strict=True)))
    figure = style.new_figure(1.6 + 0.26 * len(chains), title)
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, (entity, split) in zip(panels, kinds, strict=True):
        part = table[(table["entity"] == entity) & (table["split"] == split)].set_index("checkpoint").reindex(chains)
        style.name_rows(axes, [style.chain_words(chain) for chain in chains], width=30)
        _over_chance(axes, part)
        axes.set_title(f"same {entity},\n{SPLITS[split]}", loc="left", fontsize=8)
        axes.set_xlabel("share (%)")
    handles = [
        Line2D([], [], color=COLOUR, marker="o", linestyle="", markersize=4.6, label="outside the interval"),
        Line2D([], [], marker="o", linestyle="", markersize=4.6, **INSIDE, label="inside"),
        Line2D([], [], label=f"permutations: {style.interval_words(confidence)}", **CHANCE),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, columnspacing=1.5)
    return figure


def _over_chance(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row a chain: the interval of the permutations, and the share, filled where it lies outside."""
    rows = np.arange(len(part))
    axes.hlines(rows, 100 * part["null_low"], 100 * part["null_high"], **CHANCE)
    outside = (part["share"] < part["null_low"]) | (part["share"] > part["null_high"])
    for chosen, look in ((outside, {"color": COLOUR}), (~outside, INSIDE)):
        axes.plot(100 * part["share"][chosen], rows[chosen], marker="o", linestyle="", markersize=4.6, **look)
