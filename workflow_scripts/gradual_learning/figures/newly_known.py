"""Questions that became known, by how often the pretraining documents state their fact."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.figures import style
from gradual_learning.figures.shared_matrix import draw_shares
from gradual_learning.report.wording import INTERVALS, Tables, code, estimate, listed

CAPTION = (
    "Share of the questions WeaklyKnown or Unknown under the base model that are HighlyKnown or MaybeKnown later, by"
    " how often their fact was stated in pretraining. The row of the relabeled base model shows how many become known"
    f" by chance alone. {INTERVALS}"
)
BINS = ["low_exposure", "high_exposure"]
SPLITS = {"train": "train", "heldout": "held-out"}


def draw(table: pd.DataFrame) -> Figure:
    """Draw the share of questions that became known, one row per chain of stages and one column per bin of exposures.

    Args:
        table: tables/newly_known.tsv.
    """
    chains = sorted(dict.fromkeys(table["checkpoint"]), key=lambda chain: chain != RELABELED)
    title = "Weakly known and unknown questions that became known, by exposure of their fact (%)"
    labels = ["base model, relabeled" if chain == RELABELED else style.chain_label(chain, 32) for chain in chains]
    figure = style.new_figure(1.7 + style.row_height(labels, 0.24) * len(chains), title)
    kinds = [(category, split) for category in dict.fromkeys(table["category"]) for split in SPLITS]
    panels = figure.subplots(1, len(kinds), sharey=True)
    panels[0].set_ylim(len(chains) - 0.5, -0.5)
    for axes, (category, split) in zip(panels, kinds, strict=True):
        part = table[(table["category"] == category) & (table["split"] == split)]
        if len(part):
            _draw_matrix(axes, part, chains)
        axes.set_title(f"{style.category_label(category)},\n{SPLITS[split]}", loc="left", fontsize=8)
    panels[0].set_yticks(range(len(chains)), labels)
    figure.supxlabel("times the fact was stated in pretraining (all: any number)", fontsize=8)
    return figure


def _draw_matrix(axes: Axes, part: pd.DataFrame, chains: list[str]) -> None:
    """Draw one matrix: shares in percent, one row per chain, one column per bin, all bins together last."""
    bins = part[BINS].drop_duplicates().sort_values(BINS[0], na_position="last").to_numpy().tolist()
    wide = part.assign(low=part[BINS[0]].fillna(np.inf)).pivot(index="checkpoint", columns="low", values="share")
    draw_shares(axes, 100 * wide.reindex(chains).to_numpy())
    axes.axvline(len(bins) - 1.5, color=style.INK, linewidth=0.8)
    names = ["all" if np.isnan(low) else style.range_label(low, high) for low, high in bins]
    axes.set_xticks(range(len(bins)), names, rotation=90, fontsize=6.5)


def finding(tables: Tables) -> str:
    """State the share of the train questions Unknown at base that became known by each chain of stages."""
    table = tables["newly_known"]
    is_shown = (table["split"] == "train") & (table["category"] == "Unknown") & table["low_exposure"].isna()
    names = {RELABELED: "the base model, relabeled"}
    parts = [
        f"{estimate(row, 'share')} under {names.get(row['checkpoint'], code(row['checkpoint']))}"
        for _, row in table[is_shown].iterrows()
    ]
    return f"Train questions Unknown at base that are HighlyKnown or MaybeKnown later: {listed(parts)}."
