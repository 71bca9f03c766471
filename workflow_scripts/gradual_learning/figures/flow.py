"""How train questions flow between categories from stage to stage, as ribbons."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.experiment import BASE
from gradual_learning.figures import style
from gradual_learning.figures.shared_transitions import INITIALS, NOTHING, STEP, changed_shares, mean_counts
from gradual_learning.report.wording import Tables
from gradual_learning.tables.schemas import CATEGORIES

CAPTION = (
    "How the train questions flow between the categories from stage to stage, in percent of all of them, averaged over"
    " seeds. A ribbon has the color of the category that it leaves; questions that stay in their category are pale. The"
    " first panel categorizes the questions under the same model again: these moves are due to chance alone."
)
TITLE = "Flow of train questions between categories, stage by stage"
NODE = 1 / 6  # half the width of a column of categories, where two columns lie 1 apart
UNITS = 28  # width of a page, where a panel of n stages takes 3 n + 1
GAP = 0.025  # between the categories of a column, as a share of all questions
LETTER = 0.085  # inches: the height that a number needs


def draw(table: pd.DataFrame) -> Figure:
    """Draw the train questions as ribbons between their categories before and after each stage.

    There is one panel for each chain of stages that no other relabeled chain continues, and one for the relabeled base
    model, where moves are due to chance. Every stage is equally wide.

    Args:
        table: tables/transitions.tsv.
    """
    panels = _flows_by_chain(table[table["split"] == "train"])
    if not panels:
        return style.empty_figure(TITLE, NOTHING)
    rows = _packed({end: 3 * len(flows) + 1 for end, flows in panels.items()})
    height = min(3.4, 8.7 / len(rows))
    questions = next(iter(panels.values()))[0].sum()
    figure = style.new_figure(0.75 + height * len(rows), f"{TITLE} (% of {questions:,.0f})")
    figure.set_layout_engine("constrained", w_pad=0.07)
    grid = figure.add_gridspec(len(rows), max(stop for row in rows for _, stop in row.values()))
    for number, row in enumerate(rows):
        for end, (start, stop) in row.items():
            axes = figure.add_subplot(grid[number, start:stop])
            _draw_chain(axes, panels[end], end, min_height=LETTER / (height - 0.6))
            axes.set_title(_chain_title(end, width=4 * (stop - start)), fontsize=7.5, loc="left")
    figure.legend(handles=_handles(), loc="outside lower left", ncols=5, columnspacing=1.5)
    return figure


def _flows_by_chain(part: pd.DataFrame) -> dict[str, list[np.ndarray]]:
    """Return the flows of each stage along every chain that has a panel, the relabeled base model first."""
    steps = dict(list(part.groupby(STEP, sort=False)))
    before = {end: start for start, end in steps}
    flows = {end: mean_counts(rows) for (_, end), rows in steps.items()}
    ends = sorted((end for end in flows if end not in before.values()), key=lambda end: end != RELABELED)
    return {end: [flows[step] for step in _path_to(end, before)] for end in ends}


def _path_to(end: str, before: dict[str, str]) -> list[str]:
    """List the checkpoints from the first trained one to ``end``."""
    path = [end]
    while before[path[0]] != BASE:
        path.insert(0, before[path[0]])
    return path


def _packed(widths: dict[str, int]) -> list[dict[str, tuple[int, int]]]:
    """Arrange panels in rows of at most ``UNITS``: for each row, where each of its panels starts and stops."""
    rows: list[dict[str, tuple[int, int]]] = []
    taken = UNITS
    for end, width in widths.items():
        if taken + width > UNITS:
            rows.append({})
            taken = 0
        rows[-1][end] = (taken, taken + width)
        taken += width
    return rows


def _chain_title(end: str, width: int) -> str:
    return "base model,\nrelabeled" if end == RELABELED else style.chain_label(end, width)


def _draw_chain(axes: Axes, flows: list[np.ndarray], end: str, min_height: float) -> None:
    """Draw one panel: a column of categories before the first stage and after each one, with ribbons in between.

    Args:
        axes: where to draw.
        flows: for each stage the questions from category (row) to category (column).
        end: the checkpoint at the end.
        min_height: share of all questions from which a block or a ribbon has room for its number.
    """
    shares = [flow / max(flows[0].sum(), 1) for flow in flows]
    heights = [shares[0].sum(axis=1), *(flow.sum(axis=0) for flow in shares)]
    tops = [np.cumsum(column) - column + GAP * np.arange(len(column)) for column in heights]
    for stage, flow in enumerate(shares):
        _draw_ribbons(axes, flow, stage, (tops[stage], tops[stage + 1]), min_height)
    for stage, (column, top) in enumerate(zip(heights, tops, strict=True)):
        _draw_blocks(axes, stage, column, top, min_height)
        name = "base" if stage == 0 else "relabel" if end == RELABELED else f"stage {stage}"
        axes.text(stage, -0.015, name, ha="center", va="bottom", fontsize=6.5)
    axes.set_xlim(-NODE, len(flows) + NODE)
    axes.set_ylim(1 + 3 * GAP, -0.07)
    axes.set_axis_off()


def _draw_ribbons(
    axes: Axes, flow: np.ndarray, stage: int, tops: tuple[np.ndarray, np.ndarray], min_height: float
) -> None:
    """Draw the ribbons of one stage; those that stay in their category are pale, so that moves stand out."""
    starts = tops[0][:, None] + np.cumsum(flow, axis=1) - flow
    ends = tops[1][None, :] + np.cumsum(flow, axis=0) - flow
    for (i, j), height in np.ndenumerate(flow):
        moves = i != j
        color = style.CATEGORY_COLORS[CATEGORIES[i]]
        shape = _ribbon(stage + NODE, stage + 1 - NODE, starts[i, j], ends[i, j], height)
        axes.add_patch(PathPatch(shape, facecolor=color, alpha=0.85 if moves else 0.3, linewidth=0, zorder=1 + moves))
        if moves and height >= min_height:
            ink = style.CATEGORY_INK[CATEGORIES[i]]
            x, y = stage + NODE + 0.03, starts[i, j] + height / 2
            axes.text(x, y, f"{100 * height:.0f}", va="center_baseline", fontsize=6, color=ink, zorder=4)


def _ribbon(start: float, end: float, left: float, right: float, height: float) -> Path:
    """Outline a band of constant height from x ``start``, y ``left`` to ``end``, ``right``, level at both ends."""
    middle = (start + end) / 2
    upper = [(start, left), (middle, left), (middle, right), (end, right)]
    lower = [(x, y + height) for x, y in reversed(upper)]
    curve = [Path.CURVE4] * 3
    return Path([*upper, *lower, upper[0]], [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _draw_blocks(axes: Axes, stage: int, column: np.ndarray, tops: np.ndarray, min_height: float) -> None:
    """Draw a column: one block per category, with its initial and its share."""
    for category, initial, height, top in zip(CATEGORIES, INITIALS, column, tops, strict=True):
        color, ink = style.CATEGORY_COLORS[category], style.CATEGORY_INK[category]
        axes.add_patch(Rectangle((stage - NODE, top), 2 * NODE, height, facecolor=color, linewidth=0, zorder=3))
        if height >= min_height:
            text = f"{initial} {100 * height:.0f}"
            axes.text(stage, top + height / 2, text, ha="center", va="center_baseline", fontsize=6, color=ink, zorder=4)


def _handles() -> list[Patch]:
    categories = [
        Patch(facecolor=color, label=f"{initial} {style.category_label(name).lower()}")
        for initial, (name, color) in zip(INITIALS, style.CATEGORY_COLORS.items(), strict=True)
    ]
    return [*categories, Patch(facecolor=style.PALE, alpha=0.3, label="pale: category unchanged")]


def finding(tables: Tables) -> str:
    """State the share of the train questions that change category at each stage, and by chance alone."""
    return changed_shares(tables["transitions"])
