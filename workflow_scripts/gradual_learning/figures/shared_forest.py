"""Forest plots: the effects of a comparison run by run, their mean, and the range for a new base model."""

import math
import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.ticker import MaxNLocator

from gradual_learning.evaluation.table_values import ACCURACY, FORGETTING, KNOWLEDGE_HELDOUT, KNOWLEDGE_TRAIN, POOLED
from gradual_learning.experiment import BASE
from gradual_learning.figures import style
from gradual_learning.report.wording import Tables, code, interval, points

TITLES = {
    ACCURACY: "Difference in test accuracy (percentage points)",
    FORGETTING: "Difference in forgetting of HighlyKnown test questions (percentage points; less is better)",
    KNOWLEDGE_TRAIN: "Change of the number of HighlyKnown train questions (%)",
    KNOWLEDGE_HELDOUT: "Change of the number of HighlyKnown held-out questions (%)",
}
CAPTION = (
    "One panel per comparison of two strategies and one row per run, each with another base model or other questions:"
    " a square, larger for a greater weight, with the interval of the run. The diamond is the mean over all runs and"
    " spans its interval; the line through it is the prediction interval, which holds the true effect of a new base"
    " model ({percent:g} % each)."
)
COLUMNS, ROW = 3, 0.155  # panels side by side; inches of a row
SQUARE: dict[str, Any] = {"marker": "s", "linestyle": "", "color": style.BLUE, "zorder": 3}
RUN = SQUARE | {"linestyle": "-"}
DIAMOND: dict[str, Any] = {"facecolor": style.STRATEGY_COLORS[1], "edgecolor": "none", "zorder": 3}
PREDICTION: dict[str, Any] = {"color": style.STRATEGY_COLORS[1], "linewidth": 1.1, "zorder": 2}


def draw_forest(table: pd.DataFrame, measure: str, confidence: float) -> Figure:
    """Draw one panel per comparison.

    Args:
        table: tables/combined.tsv.
        measure: which effects to draw.
        confidence: coverage of the intervals.
    """
    part = table[table["measure"] == measure]
    pairs = list(dict.fromkeys(zip(part["baseline"], part["strategy"], strict=True)))
    if not pairs:
        return style.empty_figure(TITLES[measure], "No run measures this effect.")
    rows = part["run"].nunique()
    lines = math.ceil(len(pairs) / COLUMNS)
    figure = style.new_figure(0.75 + lines * (0.74 + ROW * rows), TITLES[measure])
    grid = figure.subplots(lines, COLUMNS, sharex=True, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number < len(pairs):
            baseline, strategy = pairs[number]
            shown = part[(part["baseline"] == baseline) & (part["strategy"] == strategy)]
            _draw_runs(axes, shown, first=number % COLUMNS == 0)
            axes.set_title(_title(baseline, strategy, shown), loc="left", fontsize=7)
            axes.tick_params(labelbottom=number + COLUMNS >= len(pairs))
        else:
            axes.set_visible(False)
    grid[0, 0].xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    _add_legend(figure, confidence)
    return figure


def _title(baseline: str, strategy: str, part: pd.DataFrame) -> str:
    """Write a comparison and its mean effect in three lines or more."""
    other = "base model" if baseline == BASE else style.label(baseline)
    lines = [textwrap.fill(text, 34) for text in (style.label(strategy), f"against {other}")]
    pooled = part[part["run"] == POOLED].iloc[0]
    mean = "" if pd.isna(pooled["effect"]) else f" {points(pooled['effect'])} {interval(pooled['low'], pooled['high'])}"
    return "\n".join([*lines, f"mean:{mean or ' none'}"])


def _draw_runs(axes: Axes, part: pd.DataFrame, first: bool) -> None:
    """Draw the rows of a comparison from the top down, the mean last."""
    style.label_rows(axes, part["run"].tolist() if first else [""] * len(part), width=24)
    axes.axvline(0, **style.REFERENCE)
    largest = part["weight"].max()
    for row, (_, values) in enumerate(part.iterrows()):
        effect, low, high = (100 * float(values[name]) for name in ("effect", "low", "high"))
        if values["run"] == POOLED:
            line = [100 * float(values[name]) for name in ("prediction_low", "prediction_high")]
            axes.plot(line, [row, row], marker="|", markersize=5, **PREDICTION)
            corners = [(low, row), (effect, row - 0.32), (high, row), (effect, row + 0.32)]
            if math.isfinite(effect):
                axes.add_patch(Polygon(corners, **DIAMOND))
        elif math.isfinite(effect):
            axes.plot([low, high], [row, row], color=style.BLUE, linewidth=1, zorder=2)
            share = values["weight"] / largest if largest > 0 else 1.0
            axes.plot(effect, row, markersize=2 + 3 * math.sqrt(share), **SQUARE)
        else:
            style.note_in_row(axes, row, "not defined")
    axes.axhline(len(part) - 1.5, color=style.PALE, linewidth=0.6)


def _add_legend(figure: Figure, confidence: float) -> None:
    handles = [
        Line2D([], [], linewidth=1, markersize=4, label=f"run with {style.interval_label(confidence)}", **RUN),
        Patch(facecolor=DIAMOND["facecolor"], label=f"mean of all runs with {style.interval_label(confidence)}"),
        Line2D([], [], marker="|", markersize=6, label="prediction for a new base model", **PREDICTION),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, handletextpad=0.5, columnspacing=1.5)


def forest_finding(tables: Tables, measure: str) -> str:
    """State how many mean effects differ from zero, and the largest of them."""
    table = tables["combined"]
    pooled = table[(table["measure"] == measure) & (table["run"] == POOLED)].dropna(subset="effect")
    if pooled.empty:
        return "No effect is defined in two runs or more."
    clear = pooled[(pooled["low"] > 0) | (pooled["high"] < 0)]
    count = f"{len(clear)} of {len(pooled)} mean effects over {pooled['runs'].max():.0f} runs differ from zero"
    if clear.empty:
        return f"{count}."
    row = clear.loc[clear["effect"].abs().idxmax()]
    unit = "points" if measure in (ACCURACY, FORGETTING) else "%"
    return (
        f"{count}; the largest is {points(row['effect'])} {unit} {interval(row['low'], row['high'])}"
        f" ({code(row['strategy'])} against {code(row['baseline'])})."
    )
