"""How train questions move between categories at each stage, as matrices."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.figures import style
from gradual_learning.figures.shared_transitions import INITIALS, NOTHING, STEP, changed_shares, mean_counts
from gradual_learning.report.wording import Tables
from gradual_learning.tables.schemas import CATEGORIES

CAPTION = (
    "How questions move between the categories at each stage: of the questions in the category of a row, the share in"
    " each column. The base model, relabeled, categorizes the same questions under the same model with other exemplars"
    " and samples: these moves are due to chance alone."
)
TITLE = "Transitions of train questions between categories, from rows to columns"
MAX_LARGE = 9  # matrices that are drawn large enough for counts below the shares
CENTERED: dict[str, Any] = {"ha": "center", "va": "center"}


def draw(table: pd.DataFrame) -> Figure:
    """Draw one matrix per stage, and one of the relabeled base model.

    Args:
        table: tables/transitions.tsv.
    """
    steps = list(table[table["split"] == "train"].groupby(STEP, sort=False))
    if not steps:
        return style.empty_figure(TITLE, NOTHING)
    is_large = len(steps) <= MAX_LARGE
    columns, height = (min(len(steps), 3), 2.35) if is_large else (5, 1.5)
    rows = -(-len(steps) // columns)
    figure = style.new_figure(0.75 + height * rows, TITLE)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[len(steps) :]:
        axes.set_axis_off()
    for position, (axes, ((start, end), part)) in enumerate(zip(panels, steps, strict=False)):
        _draw_matrix(axes, mean_counts(part), has_names=position % columns == 0, is_large=is_large)
        style.panel_title(axes, _step_label(start, end, width=102 // columns), columns <= 3)
    figure.supxlabel(_note(is_large), fontsize=7.5, x=0.01, ha="left")
    return figure


def _note(is_large: bool) -> str:
    if is_large:
        return "percent: share of the row; small print: questions (mean over seeds)"
    initials = ", ".join(style.category_label(name) for name in CATEGORIES)
    return f"percent of the row (mean over seeds); rows and columns: {initials}"


def _step_label(start: str, end: str, width: int) -> str:
    if end == RELABELED:
        return "base model,\nrelabeled"
    return f"{style.chain_label(start, width)}\n{style.ARROW} {style.label(end.rpartition('+')[2])}"


def _draw_matrix(axes: Axes, counts: np.ndarray, has_names: bool, is_large: bool) -> None:
    """Draw one matrix: shares of each row in percent and, where there is room, counts in small print."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    axes.imshow(shares, cmap=style.SHADES, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        ink = style.PALE if counts[i, j] < 0.5 else "white" if share > 0.55 else style.INK
        if is_large:
            axes.text(j, i - 0.13, f"{100 * share:.0f} %", fontsize=7.5, color=ink, **CENTERED)
            axes.text(j, i + 0.27, f"{counts[i, j]:,.0f}", fontsize=6, color=ink, **CENTERED)
        else:
            axes.text(j, i, f"{100 * share:.0f}", fontsize=7, color=ink, **CENTERED)
    names = [style.category_label(name).split()[0] for name in CATEGORIES] if is_large else INITIALS
    axes.set_xticks(range(4), names, fontsize=7)
    axes.set_yticks(range(4), names if has_names else [""] * 4, fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for k in range(4):
        axes.add_patch(Rectangle((k - 0.5, k - 0.5), 1, 1, fill=False, edgecolor=style.INK, linewidth=0.8))


def finding(tables: Tables) -> str:
    """State the share of the train questions that change category at each stage, and by chance alone."""
    return changed_shares(tables["transitions"])
