"""Shares of the four categories along the chains of stages."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.experiment import BASE
from gradual_learning.figures import style
from gradual_learning.figures.shared_category_bars import draw_category_bar
from gradual_learning.report.wording import Tables, listed, share
from gradual_learning.tables.schemas import CATEGORIES

CAPTION = (
    "Shares of the four categories under the base model and after each stage, on the train questions and on held-out"
    " test questions."
)
SPLITS = {"train": "train questions", "heldout": "held-out test questions"}


def draw(table: pd.DataFrame) -> Figure:
    """Draw category shares after each stage, on train questions and on held-out ones.

    Args:
        table: tables/categories.tsv.
    """
    shown = table[table["split"].isin(SPLITS)]
    chains = list(dict.fromkeys(shown["checkpoint"]))
    figure = style.new_figure(1.3 + 0.33 * len(chains), "Categories of the same questions at base and after each stage")
    for axes, split in zip(figure.subplots(1, 2, sharey=True), SPLITS, strict=True):
        part = _averaged(shown[shown["split"] == split])
        _draw_split(axes, part, chains)
        questions = part.groupby("checkpoint")["questions"].sum().max()
        axes.set_title(f"{SPLITS[split]} (n = {questions:,.0f})", loc="left")
    whisker = Line2D([], [], color=style.INK, linewidth=1.2, label="interval of highly known")
    figure.legend(handles=[*style.category_handles(), whisker], loc="outside lower right", ncols=5, columnspacing=1.5)
    return figure


def _averaged(part: pd.DataFrame) -> pd.DataFrame:
    """Keep the mean over seeds of the checkpoints that have one, all rows of the others."""
    is_mean = part["seed"].astype(str) == "mean"
    has_mean = is_mean.groupby(part["checkpoint"]).transform("any")
    return part[is_mean | ~has_mean]


def _draw_split(axes: Axes, part: pd.DataFrame, chains: list[str]) -> None:
    """Draw one bar per chain of stages, with the interval of HighlyKnown below its middle."""
    style.label_rows(axes, [style.chain_label(chain) for chain in chains], width=32)
    axes.grid(visible=False)
    for position, chain in enumerate(chains):
        rows = part[part["checkpoint"] == chain].set_index("category").reindex(CATEGORIES)
        draw_category_bar(axes, position, 100 * rows["share"], horizontal=True)
        ends = 100 * rows.loc[CATEGORIES[0], ["low", "high"]].to_numpy(dtype=float)
        axes.plot(ends, [position + 0.25] * 2, color=style.INK, linewidth=1.2, zorder=3)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of questions (%)")


def finding(tables: Tables) -> str:
    """State the shares of the four categories under the base model."""
    table = tables["categories"]
    base = table[(table["checkpoint"] == BASE) & (table["split"] == "train")].set_index("category")
    shares = listed([f"{share(base.loc[name, 'share'])} {name}" for name in CATEGORIES])
    return f"Under the base model, the {base['questions'].sum():,.0f} train questions are {shares}."
