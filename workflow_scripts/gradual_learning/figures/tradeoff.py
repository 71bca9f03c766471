"""Test accuracy against forgetting, with the training cost of each strategy and the front of the best ones."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.evaluation.table_values import FEW_SHOT
from gradual_learning.experiment import BASE
from gradual_learning.figures import style
from gradual_learning.figures.shared_strategies import strategy_marker
from gradual_learning.report.wording import INTERVALS, Tables, code, listed, share

CAPTION = (
    "Accuracy on the test questions against the share of the questions HighlyKnown at base that is not answered, at the"
    " best epoch; better is further up and further left. The area of a marker grows with the training steps of one run."
    " The dashed line joins the front: nothing beats a point on it in both respects. Strategies behind it are hollow;"
    " within their intervals they can be as good. Strategies share their questions, so that two of them can differ"
    f" significantly although their intervals overlap (see the comparisons). {INTERVALS}"
)
TITLE = "Test accuracy against forgetting"
LEAST_AREA, MOST_AREA = 12.0, 140.0  # of a marker, in square points
LEADER: dict[str, Any] = {"linewidth": 0.5, "alpha": 0.5, "shrinkA": 0, "shrinkB": 0}  # from a name to its point
LABEL_WIDTH = 40  # letters in a line
MARGINS = 1.05  # inches of the figure above and below the panel


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw a point for each strategy and the base model, with their names at the right edge.

    Args:
        table: tables/advice.tsv.
        confidence: coverage of the intervals.
    """
    if not table["highly_known"].any():
        return style.empty_figure(TITLE, "No test question is HighlyKnown under the base model.")
    rows = points(table)
    lines = sum(1 + name.count("\n") for name in rows["label"])
    figure = style.new_figure(max(3.6, MARGINS + 0.02 + style.LINE * lines), TITLE)
    axes = figure.subplots()
    for _, row in rows.iterrows():
        _draw_point(axes, row)
    axes.set_xlabel(f"{style.BACK} better     HighlyKnown questions not answered (%)")
    axes.set_ylabel(f"test questions answered (%)     better {style.ARROW}")
    axes.grid(color=style.FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    _draw_front(axes, rows[rows["front"]].sort_values("forgotten"))
    _draw_labels(axes, rows, figure.get_figheight() - MARGINS)
    _add_legend(figure, rows, confidence)
    return figure


def points(table: pd.DataFrame) -> pd.DataFrame:
    """Select the strategies and the base model as it is compared fairly, with their label, look and place on the front.

    Returns:
        Rows of the table with front (whether no other point is better in one respect and as good in the other), label,
        look (keyword arguments of a marker) and size.
    """
    rows = table[(table["epoch"] == "best") & table["stages"].notna() | table["reference"]].reset_index(drop=True)
    steps = rows["steps"].fillna(0)
    forgotten, accuracy = rows["forgotten"].to_numpy(), rows["accuracy"].to_numpy()
    as_good = (forgotten <= forgotten[:, None]) & (accuracy >= accuracy[:, None])
    better = (forgotten < forgotten[:, None]) | (accuracy > accuracy[:, None])
    base = "base model, few-shot" if (rows.loc[rows["strategy"] == BASE, "epoch"] == FEW_SHOT).any() else "base model"
    names = [base if name == BASE else style.label(name) for name in rows["strategy"]]
    chosen = [" (chosen)" if flag else "" for flag in rows["chosen"]]
    looks = [
        {"color": style.PALE, "marker": "P"},
        *map(strategy_marker, range(len(rows) - 1)),
    ]  # the base model is first
    return rows.assign(
        front=~(as_good & better).any(axis=1),
        label=[textwrap.fill(name + mark, LABEL_WIDTH) for name, mark in zip(names, chosen, strict=True)],
        look=looks,
        size=np.sqrt(LEAST_AREA + (MOST_AREA - LEAST_AREA) * steps / max(steps.max(), 1)),
    )


def _draw_front(axes: Axes, front: pd.DataFrame) -> None:
    """Draw the border of what the front beats in both respects, to the edges of the panel, and fix its limits."""
    bottom, right = axes.get_ylim()[0], axes.get_xlim()[1]
    x, y = 100 * front["forgotten"].to_numpy(), 100 * front["accuracy"].to_numpy()
    axes.autoscale(False)
    axes.plot([x[0], *x, right], [bottom, *y, y[-1]], drawstyle="steps-post", zorder=1, **style.REFERENCE)


def _draw_point(axes: Axes, row: pd.Series) -> None:
    """Draw the point of a row with the intervals of both shares, filled and stronger on the front."""
    x, y = 100 * row["forgotten"], 100 * row["accuracy"]
    line: dict[str, Any] = {"color": row["look"]["color"], "linewidth": 0.9, "alpha": 0.8 if row["front"] else 0.35}
    axes.hlines(y, 100 * row["forgotten_low"], 100 * row["forgotten_high"], **line)
    axes.vlines(x, 100 * row["accuracy_low"], 100 * row["accuracy_high"], **line)
    axes.plot(x, y, markersize=row["size"], zorder=3, **_marker(row))


def _marker(row: pd.Series) -> dict[str, Any]:
    face = row["look"]["color"] if row["front"] else "white"
    return {"linestyle": "", "markeredgewidth": 1, "markerfacecolor": face, **row["look"]}


def _draw_labels(axes: Axes, rows: pd.DataFrame, height: float) -> None:
    """Write the names right of the panel, in the order of accuracy, each with its marker and a line to its point.

    Args:
        axes: with final limits.
        rows: from :func:`points`.
        height: of the panel in inches, about.
    """
    low, high = axes.get_ylim()
    order = rows.sort_values("accuracy", ascending=False, kind="stable")
    heights = np.array([style.LINE * (1 + label.count("\n")) / height for label in order["label"]])
    heights /= max(1.0, heights.sum())  # more than fit on a page may overlap
    places = spread(((100 * order["accuracy"] - low) / (high - low)).to_numpy(), heights)
    for place, (_, row) in zip(places, order.iterrows(), strict=True):
        axes.annotate(
            row["label"],
            xy=(100 * row["forgotten"], 100 * row["accuracy"]),
            xytext=(1.05, place),
            textcoords=axes.transAxes,
            va="center",
            fontsize=7,
            fontweight="bold" if row["front"] else "normal",
            arrowprops={"arrowstyle": "-", "relpos": (0, 0.5), "color": row["look"]["color"], **LEADER},
        )
        axes.plot(1.03, place, transform=axes.transAxes, clip_on=False, markersize=4, **_marker(row))


def spread(places: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Move labels apart as little as their order allows.

    Args:
        places: the desired centers, from 1 (the top) downwards, in descending order.
        heights: of the labels, which fit between 0 and 1.

    Returns:
        Centers in the same order, so that no two labels overlap and none leaves the range.
    """
    moved = np.clip(places, heights / 2, 1 - heights / 2)
    gaps = (heights[1:] + heights[:-1]) / 2
    for upper, gap in enumerate(gaps):
        moved[upper + 1] = min(moved[upper + 1], moved[upper] - gap)
    moved[-1] = max(moved[-1], heights[-1] / 2)
    for upper in reversed(range(len(gaps))):
        moved[upper] = max(moved[upper], moved[upper + 1] + gaps[upper])
    return moved


def _add_legend(figure: Figure, rows: pd.DataFrame, confidence: float) -> None:
    """Explain the front, the intervals, and the areas of the strategies with the fewest and the most steps."""
    trained = rows[rows["strategy"] != BASE].sort_values("steps")
    ends: list[pd.Series] = [trained.iloc[0], trained.iloc[-1]]
    point: dict[str, Any] = {"linestyle": "", "marker": "o", "color": style.INK, "markerfacecolor": "white"}
    handles = [
        Line2D([], [], color=style.INK, linewidth=0.9, label=style.interval_label(confidence)),
        Line2D([], [], label="front (filled, bold)", **style.REFERENCE),
        *(Line2D([], [], markersize=row["size"], label=f"{row['steps']:,.0f} training steps", **point) for row in ends),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=4, handletextpad=0.5, columnspacing=1.5)


def finding(tables: Tables) -> str:
    """Name the points on the front."""
    table = tables["advice"]
    if not table["highly_known"].any():
        return "No test question is HighlyKnown under the base model."
    rows = points(table)
    front = [
        f"{code(row['strategy'])} ({share(row['accuracy'])} answered, {share(row['forgotten'])} of HighlyKnown not)"
        for _, row in rows[rows["front"]].sort_values("forgotten").iterrows()
    ]
    return f"On the front, from the least forgetting to the highest accuracy: {listed(front)}."
