"""Parts of the figures with one row or one point per strategy: markers, reference, limits, legend."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from gradual_learning.evaluation.table_values import NO_EPOCH
from gradual_learning.experiment import BASE
from gradual_learning.figures import style

MARKERS = "osD^vPX*<>ph"
EPOCH_OFFSETS = {"best": -0.15, "last": 0.15}  # of the point in its row
MIN_SPAN = 4.0  # percentage points that a panel shows at least


def trained_strategies(names: Iterable[str]) -> list[str]:
    """List strategies in the order of a table, without the base model."""
    return [name for name in dict.fromkeys(names) if name != BASE]


def base_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the zero-shot rows of the base model."""
    return table[(table["strategy"] == BASE) & (table["epoch"] == NO_EPOCH)]


def strategy_marker(position: int) -> dict[str, Any]:
    """Return color and marker of the strategy at this position of the configuration; 84 pairs are distinct."""
    colors = style.STRATEGY_COLORS
    return {"color": colors[position % len(colors)], "marker": MARKERS[position % len(MARKERS)]}


def draw_strategies(
    axes: Axes, part: pd.DataFrame, order: Sequence[str], columns: tuple[str, str, str], missing: str
) -> None:
    """Draw one row per strategy: the best epoch filled, the last one hollow, the base model as a dashed line.

    Args:
        axes: where to draw.
        part: rows of the table with strategy, epoch and ``columns`` (shares).
        order: strategies from the top down.
        columns: names of the estimate and of the bounds of its interval.
        missing: why an estimate is missing, written in its row, or once where all are missing.
    """
    style.label_rows(axes, order)
    base = base_rows(part)[list(columns)].dropna()
    for value, low, high in 100 * base.to_numpy(dtype=float):
        draw_reference(axes.axvline, axes.axvspan, value, low, high)
    without = [row for row, name in enumerate(order) if part.loc[part["strategy"] == name, columns[0]].isna().all()]
    for row in without if len(without) < len(order) else [(len(order) - 1) / 2]:
        style.note_in_row(axes, row, missing)
    for row, name in enumerate(order):
        _draw_epochs(axes, row, part[part["strategy"] == name], columns)
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2))


def _draw_epochs(axes: Axes, row: int, estimates: pd.DataFrame, columns: tuple[str, str, str]) -> None:
    """Draw the points of both epochs of a strategy with their intervals."""
    mark = strategy_marker(row)
    point: dict[str, Any] = {"markersize": 4.6, "markeredgewidth": 1, "zorder": 3}
    for epoch, offset in EPOCH_OFFSETS.items():
        shown = estimates.loc[estimates["epoch"] == epoch, list(columns)].dropna()
        face = mark["color"] if epoch == "best" else "white"
        for value, low, high in 100 * shown.to_numpy(dtype=float):
            axes.plot([low, high], [row + offset] * 2, color=mark["color"], linewidth=1.1, zorder=2)
            axes.plot(value, row + offset, markerfacecolor=face, **point, **mark)


def set_limits(axes: Axes, group: Sequence[Axes], include: float | None = None) -> None:
    """Set horizontal limits that hold the data of all axes in ``group``, and the value ``include`` where given."""
    edges = [edge for other in group for edge in other.dataLim.intervalx if math.isfinite(edge)]
    if not edges:  # a panel without data
        axes.set_xticks([])
        return
    low, high = min(edges), max(edges)
    low = low if include is None else min(low, include)
    spare = max(0.0, MIN_SPAN - (high - low))
    low = max(min(low, 0.0), low - spare / 2)
    high = min(max(high, 100.0), max(high, low + MIN_SPAN))
    margin = 0.05 * (high - low)
    axes.set_xlim(low - margin, high + margin)


def draw_reference(
    line: Callable[..., object], span: Callable[..., object], value: float, low: float, high: float
) -> None:
    """Draw the reference: a dashed line, and its interval as a band, by two methods of the axes such as ``axhline``."""
    span(low, high, color=style.FAINT, alpha=0.6, linewidth=0, zorder=0)
    line(value, zorder=1, **style.REFERENCE)


def add_strategy_legend(figure: Figure, confidence: float, base: str, others: Sequence[Line2D] = ()) -> None:
    """Explain epochs, the base model (called ``base``), other lines and intervals."""
    point: dict[str, Any] = {"marker": "o", "color": style.INK, "markersize": 4.6, "linewidth": 1.1}
    handles = [
        Line2D([], [], label="best epoch", **point),
        Line2D([], [], label="last epoch", markerfacecolor="white", **point),
        Line2D([], [], label=base, **style.REFERENCE),
        *others,
        Patch(facecolor=style.FAINT, label=f"bars and band: {style.interval_label(confidence)}"),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), handletextpad=0.5, columnspacing=1.5)
