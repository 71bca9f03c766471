"""Accuracy by epoch on validation and train questions, over the stages of a chain."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from gradual_learning.figures import style
from gradual_learning.report.wording import Tables, share

CAPTION = (
    "Accuracy on validation and train questions by epoch. A later stage continues from the best epoch of the previous"
    " one. Thin lines are seeds, thick lines their mean; dots mark best epochs."
)
VALIDATION = "#D55E00"
MAX_LARGE = 6  # panels that are drawn three a row
TRAIN_LINES = {f"train_accuracy_{category}": look for category, look in style.CATEGORY_LINES.items()}
NEXT_STAGE: dict[str, Any] = {"color": style.PALE, "linewidth": 0.7, "linestyle": (0, (1, 2))}


def draw(table: pd.DataFrame) -> Figure:
    """Draw accuracy by epoch, a pair of panels for each chain of stages that no other chain continues.

    The upper panel shows the validation questions, the lower one the train questions by their category at base (after
    Gekhman et al. 2024, figure 1).

    Args:
        table: tables/learning_curves.tsv.
    """
    chains = list(dict.fromkeys(table["checkpoint"]))
    ends = [chain for chain in chains if not any(other.startswith(f"{chain}+") for other in chains)]
    ends.sort(key=lambda chain: "+" not in chain)  # neighbors share a scale: chains of several stages together
    columns, height = (min(len(ends), 3), 2.4) if len(ends) <= MAX_LARGE else (5, 1.75)
    blocks = -(-len(ends) // columns)
    figure = style.new_figure(1.05 + height * blocks, "Accuracy (%) by epoch, over successive stages")
    panels = figure.subplots(2 * blocks, columns, squeeze=False)
    starts = _stage_starts(table)
    for position in range(blocks * columns):
        row, column = divmod(position, columns)
        pair = panels[2 * row : 2 * row + 2, column]
        if position < len(ends):
            _draw_chain(pair, table, ends[position], starts)
            style.panel_title(pair[0], style.chain_label(ends[position], 96 // columns), columns <= 3)
        else:
            for axes in pair:
                axes.set_axis_off()
    _share_scales(panels, len(ends))
    figure.legend(handles=_handles(), loc="outside lower left", ncols=4, columnspacing=1.5)
    return figure


def _stage_starts(table: pd.DataFrame) -> dict[str, int]:
    """Return where the last stage of each chain starts on a common axis: after the longest run of the stage before."""
    longest = table.groupby("checkpoint", sort=False)["epoch"].max()
    starts: dict[str, int] = {}
    for chain in sorted(longest.index, key=lambda name: name.count("+")):
        parent = chain.rpartition("+")[0]
        starts[chain] = starts[parent] + int(longest[parent]) + 1 if parent in starts else 0
    return starts


def _draw_chain(pair: np.ndarray, table: pd.DataFrame, end: str, starts: dict[str, int]) -> None:
    """Draw the chain that ends in ``end``: validation above, train below, a line where a stage begins."""
    pair[0].sharex(pair[1])
    stages = end.split("+")
    for length in range(1, len(stages) + 1):
        chain = "+".join(stages[:length])
        if chain not in starts:
            continue
        part = table[table["checkpoint"] == chain]
        _draw_validation(pair[0], part, starts[chain])
        _draw_train(pair[1], part, starts[chain])
        for axes in pair if length > 1 else ():
            axes.axvline(starts[chain] - 0.5, **NEXT_STAGE)
    style.widen_limits(pair[1], 0, 1)
    pair[0].tick_params(labelbottom=False)
    pair[1].xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _draw_validation(axes: Axes, part: pd.DataFrame, start: int) -> None:
    """Draw every seed, their mean and the best epochs of one stage."""
    wide = _by_seed(part, "validation_accuracy")
    axes.plot(start + wide.index, wide, color=VALIDATION, linewidth=0.6, alpha=0.5)
    mean = wide.dropna().mean(axis=1)  # over the epochs that all seeds have
    axes.plot(start + mean.index, mean, color=VALIDATION, linewidth=1.8)
    best = part[part["best"]]
    x, y = start + best["epoch"], 100 * best["validation_accuracy"]
    axes.plot(x, y, "o", color=VALIDATION, markersize=3.6, markeredgecolor="white")


def _draw_train(axes: Axes, part: pd.DataFrame, start: int) -> None:
    """Draw the mean over seeds for each category at base, over the epochs that all seeds have."""
    for column, look in TRAIN_LINES.items():
        mean = _by_seed(part, column).dropna().mean(axis=1)
        axes.plot(start + mean.index, mean, linewidth=1.5, **look)


def _by_seed(part: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a column in percent, one row per epoch and one column per seed."""
    return 100 * part.pivot(index="epoch", columns="seed", values=column)


def _share_scales(panels: np.ndarray, used: int) -> None:
    """Give the panels of a row one scale, labeled on the left, and label the epochs below the last row."""
    columns = panels.shape[1]
    for number, all_axes in enumerate(panels):
        row, is_train = all_axes[: used - number // 2 * columns], number % 2
        limits = [(-4, 104)] if is_train else [axes.get_ylim() for axes in row]
        for position, axes in enumerate(row):
            axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
            axes.grid(axis="y", color=style.FAINT, linewidth=0.7)
            axes.yaxis.set_major_locator(FixedLocator([0, 50, 100]) if is_train else MaxNLocator(4))
            axes.tick_params(labelleft=position == 0)
            axes.set_xlabel("epoch" if number == len(panels) - 1 else "")
        row[0].set_ylabel("train" if is_train else "validation")


def _handles() -> list[Line2D]:
    """Explain the curves, one column of the legend for each pair of validation and train."""
    validation = [
        Line2D([], [], color=VALIDATION, linewidth=1.8, label="validation, mean of seeds"),
        Line2D([], [], color=VALIDATION, linewidth=0.6, alpha=0.5, label="validation, one seed"),
        Line2D([], [], color=VALIDATION, marker="o", markersize=4, linestyle="", label="best epoch"),
        Line2D([], [], label="next stage starts", **NEXT_STAGE),
    ]
    train = [
        Line2D([], [], linewidth=1.5, label=f"train, {style.category_label(name).lower()}", **look)
        for name, look in style.CATEGORY_LINES.items()
    ]
    return [handle for pair in zip(validation, train, strict=True) for handle in pair]


def finding(tables: Tables) -> str:
    """State where the best epochs lie and what accuracy they reach."""
    table = tables["learning_curves"]
    best = table[table["best"]]
    low, high = best["validation_accuracy"].agg(["min", "max"])
    return (
        f"The best epochs of {len(best)} training runs lie between {best['epoch'].min()} and {best['epoch'].max()}"
        f" (median {best['epoch'].median():g}), with validation accuracies from {share(low)} to {share(high)}."
    )
