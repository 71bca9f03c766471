"""Accuracy and forgetting by the ratio of replayed HighlyKnown questions."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradual_learning.evaluation.table_values import FULL
from gradual_learning.figures import style
from gradual_learning.figures.shared_strategies import add_strategy_legend, base_rows, draw_reference
from gradual_learning.report.wording import INTERVALS, Tables, estimate

CAPTION = (
    "Accuracy on the test questions and forgetting of HighlyKnown ones by the ratio of HighlyKnown questions that the"
    f" last stage replays; the strategies differ in nothing else. {INTERVALS}"
)
EPOCHS = {"best": (-0.012, "-"), "last": (0.012, "--")}  # offset as a share of the horizontal range, line style
POINT: dict[str, Any] = {"marker": "o", "markersize": 4.6}
MIN_GAP = 0.15  # between two ratios, as a share of their range, for which their labels fit side by side


def draw(accuracy: pd.DataFrame, forgetting: pd.DataFrame, confidence: float, sweep: Mapping[str, float]) -> Figure:
    """Draw accuracy and forgetting by the replay ratio.

    Args:
        accuracy: tables/accuracy.tsv.
        forgetting: tables/forgetting.tsv.
        confidence: coverage of the intervals.
        sweep: replay ratio of each strategy that differs from the others in nothing else.
    """
    figure = style.new_figure(2.9, "Accuracy and forgetting by the ratio of replayed highly known questions")
    parts = {"accuracy, test questions": (accuracy[accuracy["category"] == FULL], "accuracy")}
    for split in ("test", "train"):
        parts[f"forgotten, {split} questions"] = forgetting[forgetting["split"] == split], "forgotten"
    panels = figure.subplots(1, 3)
    for axes, (title, (part, column)) in zip(panels, parts.items(), strict=True):
        _draw_sweep(axes, part, column, sweep)
        axes.set_title(title, loc="left")
        axes.set_xlabel("replayed / selected questions")
        axes.set_ylabel("questions (%)")
    panels[1].sharey(panels[2])
    add_strategy_legend(figure, confidence, "base model")
    return figure


def _draw_sweep(axes: Axes, part: pd.DataFrame, column: str, sweep: Mapping[str, float]) -> None:
    """Draw one panel: a line over the ratios for the best epoch, one for the last, and the base model."""
    base = base_rows(part)[[column, "low", "high"]].iloc[0]
    draw_reference(axes.axhline, axes.axhspan, *(100 * base))
    rows = part[part["strategy"].isin(sweep)].assign(ratio=part["strategy"].map(sweep)).sort_values("ratio")
    for epoch, (offset, line) in EPOCHS.items():
        shown = rows[rows["epoch"] == epoch].drop_duplicates("ratio")
        x = shown["ratio"] + offset * max(sweep.values())
        face = style.ACCENT if epoch == "best" else "white"
        axes.vlines(x, 100 * shown["low"], 100 * shown["high"], color=style.ACCENT, linewidth=1.1)
        axes.plot(x, 100 * shown[column], line, color=style.ACCENT, linewidth=1, markerfacecolor=face, **POINT)
    ratios = sorted(set(sweep.values()))
    is_tight = any(high - low < MIN_GAP * (ratios[-1] - ratios[0]) for low, high in pairwise(ratios))
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios], fontsize=7, rotation=90 if is_tight else 0)
    axes.margins(x=0.08)


def finding(tables: Tables) -> str:
    """State accuracy and forgetting at every ratio; ``tables`` holds the sweep too, columns strategy and ratio."""
    accuracy, forgetting = tables["accuracy"], tables["forgetting"]
    best = accuracy[(accuracy["category"] == FULL) & (accuracy["epoch"] == "best")].set_index("strategy")
    is_shown = (forgetting["split"] == "test") & (forgetting["epoch"] == "best")
    forgotten = forgetting[is_shown].set_index("strategy")
    parts = [
        f"with a replay ratio of {row['ratio']:g}, {estimate(best.loc[row['strategy']], 'accuracy')} of the test"
        f" questions are answered and {estimate(forgotten.loc[row['strategy']], 'forgotten')} of the HighlyKnown ones"
        " are forgotten"
        for _, row in tables["sweep"].sort_values("ratio").iterrows()
    ]
    return f"At the best epoch, {'; '.join(parts)}."
