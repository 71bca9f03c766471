"""Figures of how questions move between categories: matrices and ribbons. Drawn from the table of transitions alone."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from gradual_learning.drawing import style
from gradual_learning.measures.runs import BASE, RETEST
from gradual_learning.records import CATEGORIES

STEP = ["from_checkpoint", "to_checkpoint"]
INITIALS = [name[0] for name in CATEGORIES]
ROOMY = 9  # matrices that are drawn large enough for counts beside the shares
NODE = 1 / 6  # half the width of a column of categories, where two columns lie 1 apart
UNITS = 28  # width of a page, where a panel of n stages takes 3 n + 1
GAP = 0.025  # between the categories of a column, as a share of all questions
LETTER = 0.085  # inches: the height that a number needs


def transitions(table: pd.DataFrame) -> Figure:
    """Draw how train questions move between categories at each stage, beside the base model labelled twice."""
    part = table[table["split"] == "train"]
    title = "How train questions move between categories, from rows to columns"
    if part.empty:
        return style.nothing(title, "No checkpoint was labelled twice.")
    steps = list(part.groupby(STEP, sort=False))
    columns, height = (min(len(steps), 3), 2.35) if len(steps) <= ROOMY else (5, 1.5)
    rows = -(-len(steps) // columns)
    figure = style.new_figure(0.75 + height * rows, title)
    panels = figure.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(panels.ravel()):
        if place >= len(steps):
            axes.set_axis_off()
            continue
        _matrix(axes, steps[place][1], first=place % columns == 0, roomy=len(steps) <= ROOMY)
        style.panel_title(axes, _step_words(*steps[place][0], width=102 // columns), columns <= 3)
    figure.supxlabel(_matrix_note(len(steps)), fontsize=7.5, x=0.01, ha="left")
    return figure


def _matrix_note(steps: int) -> str:
    if steps <= ROOMY:
        return "percent: share of the row; small print: questions (mean over seeds)"
    initials = ", ".join(style.category_words(name) for name in CATEGORIES)
    return f"percent of the row (mean over seeds); rows and columns: {initials}"


def _step_words(start: str, end: str, width: int) -> str:
    if end == RETEST:
        return textwrap.fill("base model, labelled again", width)
    before, stage = style.chain_words(start, width), style.words(end.rpartition("+")[2])
    return f"{before}\n{style.ARROW} {stage}"


def _matrix(axes: Axes, part: pd.DataFrame, first: bool, roomy: bool) -> None:
    """Draw one matrix: shares of each row in percent and, where there is room, mean counts a seed in small print."""
    counts = _mean_counts(part)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    axes.imshow(shares, cmap=style.SHADES, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        ink = style.PALE if counts[i, j] < 0.5 else "white" if share > 0.55 else style.INK
        if roomy:
            axes.text(j, i - 0.13, f"{100 * share:.0f} %", ha="center", va="center", fontsize=7.5, color=ink)
            axes.text(j, i + 0.27, f"{counts[i, j]:,.0f}", ha="center", va="center", fontsize=6, color=ink)
        else:
            axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=ink)
    short = [style.category_words(name).split()[0] for name in CATEGORIES]
    short = short if roomy else INITIALS
    axes.set_xticks(range(4), short, fontsize=7)
    axes.set_yticks(range(4), short if first else [""] * 4, fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for place in range(4):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, edgecolor=style.INK, linewidth=0.8))


def _mean_counts(part: pd.DataFrame) -> np.ndarray:
    """Give the questions (mean over seeds) from each category (row) to each (column)."""
    means = part.groupby(["from_category", "to_category"])["questions"].mean().unstack()
    return means.reindex(index=CATEGORIES, columns=CATEGORIES).fillna(0).to_numpy()


def flow(table: pd.DataFrame) -> Figure:
    """Draw the train questions as ribbons between their categories before and after each stage.

    One panel for each chain of stages that no other labelled chain continues, and one for the base model labelled
    twice: what moves there moves by chance. Every stage is equally wide.

    Args:
        table: as :func:`tables.transitions` returns it.
    """
    title = "How train questions flow between categories, stage by stage"
    panels = _panels(table[table["split"] == "train"])
    if not panels:
        return style.nothing(title, "No checkpoint was labelled twice.")
    rows = _packed({end: 3 * len(flows) + 1 for end, flows in panels.items()})
    height = min(3.4, 8.7 / len(rows))
    questions = next(iter(panels.values()))[0].sum()
    figure = style.new_figure(0.75 + height * len(rows), f"{title} (% of {questions:,.0f})")
    figure.get_layout_engine().set(w_pad=0.07)
    grid = figure.add_gridspec(len(rows), max(stop for row in rows for _, stop in row.values()))
    for number, row in enumerate(rows):
        for end, (start, stop) in row.items():
            axes = figure.add_subplot(grid[number, start:stop])
            _alluvium(axes, panels[end], end, least=LETTER / (height - 0.6))
            axes.set_title(_chain_title(end, width=4 * (stop - start)), fontsize=7.5, loc="left")
    figure.legend(handles=_flow_handles(), loc="outside lower left", ncols=5, columnspacing=1.5)
    return figure


def _panels(part: pd.DataFrame) -> dict[str, list[np.ndarray]]:
    """Give the flows of each stage along every chain that ends in a panel, the base model labelled twice first."""
    steps = dict(list(part.groupby(STEP, sort=False)))
    before = {end: start for start, end in steps}
    flows = {end: _mean_counts(inside) for (_, end), inside in steps.items()}
    ends = sorted((end for end in flows if end not in before.values()), key=lambda end: end != RETEST)
    return {end: [flows[step] for step in _way(end, before)] for end in ends}


def _way(end: str, before: dict[str, str]) -> list[str]:
    """List the checkpoints from the first trained one to ``end``."""
    way = [end]
    while before[way[0]] != BASE:
        way.insert(0, before[way[0]])
    return way


def _packed(widths: dict[str, int]) -> list[dict[str, tuple[int, int]]]:
    """Lay panels in rows of at most ``UNITS``: for each row, where each of its panels starts and stops."""
    rows, taken = [], UNITS
    for end, width in widths.items():
        if taken + width > UNITS:
            rows.append({})
            taken = 0
        rows[-1][end] = (taken, taken + width)
        taken += width
    return rows


def _chain_title(end: str, width: int) -> str:
    return textwrap.fill("base labelled again", width) if end == RETEST else style.chain_words(end, width)


def _alluvium(axes: Axes, flows: list[np.ndarray], end: str, least: float) -> None:
    """Draw one panel: a column of categories before the first stage and after each one, ribbons between them.

    Args:
        axes: where.
        flows: for each stage the questions from category (row) to category (column).
        end: the checkpoint at the end.
        least: share of all questions from which a block or a ribbon has room for its number.
    """
    shares = [flow / max(flows[0].sum(), 1) for flow in flows]
    heights = [shares[0].sum(axis=1), *(flow.sum(axis=0) for flow in shares)]
    tops = [np.cumsum(column) - column + GAP * np.arange(len(column)) for column in heights]
    for place, flow in enumerate(shares):
        _ribbons(axes, flow, place, tops[place], tops[place + 1], least)
    for place, (column, top) in enumerate(zip(heights, tops, strict=True)):
        _blocks(axes, place, column, top, least)
        name = "base" if place == 0 else "again" if end == RETEST else f"stage {place}"
        axes.text(place, -0.015, name, ha="center", va="bottom", fontsize=6.5)
    axes.set_xlim(-NODE, len(flows) + NODE)
    axes.set_ylim(1 + 3 * GAP, -0.07)
    axes.set_axis_off()


def _ribbons(axes: Axes, flow: np.ndarray, place: int, left: np.ndarray, right: np.ndarray, least: float) -> None:
    """Draw the ribbons of one stage; what stays in its category is pale, so that what moves stands out."""
    starts = left[:, None] + np.cumsum(flow, axis=1) - flow
    ends = right[None, :] + np.cumsum(flow, axis=0) - flow
    for (i, j), height in np.ndenumerate(flow):
        moves = i != j
        colour = style.CATEGORY_COLOURS[CATEGORIES[i]]
        shape = _ribbon(place + NODE, place + 1 - NODE, starts[i, j], ends[i, j], height)
        axes.add_patch(PathPatch(shape, facecolor=colour, alpha=0.85 if moves else 0.3, linewidth=0, zorder=1 + moves))
        if moves and height >= least:
            ink = style.CATEGORY_INK[CATEGORIES[i]]
            spot = place + NODE + 0.03, starts[i, j] + height / 2
            axes.text(*spot, f"{100 * height:.0f}", va="center_baseline", fontsize=6, color=ink, zorder=4)


def _ribbon(start: float, end: float, left: float, right: float, height: float) -> Path:
    """Outline a band of constant height that leaves and arrives level."""
    middle = (start + end) / 2
    upper = [(start, left), (middle, left), (middle, right), (end, right)]
    lower = [(x, y + height) for x, y in reversed(upper)]
    curve = [Path.CURVE4] * 3
    return Path([*upper, *lower, upper[0]], [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _blocks(axes: Axes, place: int, column: np.ndarray, tops: np.ndarray, least: float) -> None:
    """Draw a column: one block a category, with its initial and its share."""
    for category, initial, height, top in zip(CATEGORIES, INITIALS, column, tops, strict=True):
        colour, ink = style.CATEGORY_COLOURS[category], style.CATEGORY_INK[category]
        axes.add_patch(Rectangle((place - NODE, top), 2 * NODE, height, facecolor=colour, linewidth=0, zorder=3))
        if height >= least:
            text = f"{initial} {100 * height:.0f}"
            spot = place, top + height / 2
            axes.text(*spot, text, ha="center", va="center_baseline", fontsize=6, color=ink, zorder=4)


def _flow_handles() -> list[Patch]:
    named = [
        Patch(facecolor=colour, label=f"{initial} {style.category_words(name).lower()}")
        for initial, (name, colour) in zip(INITIALS, style.CATEGORY_COLOURS.items(), strict=True)
    ]
    return [*named, Patch(facecolor=style.PALE, alpha=0.3, label="pale: stays where it was")]
