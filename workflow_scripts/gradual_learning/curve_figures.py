"""The figure of learning curves. Drawn from its table alone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gradual_learning import style

CURVES = {"validation_accuracy": "#D55E00", "train_accuracy": "#4B4BA8"}


def learning_curves(table: pd.DataFrame) -> Figure:
    """Draw validation and train accuracy by epoch, one panel for each chain that no other chain continues."""
    chains = list(dict.fromkeys(table["checkpoint"]))
    ends = [chain for chain in chains if not any(other.startswith(f"{chain}+") for other in chains)]
    ends.sort(key=lambda chain: "+" not in chain)  # neighbours share a scale: chains of several stages together
    columns = min(len(ends), 3 if len(ends) <= 6 else 4)
    blocks = -(-len(ends) // columns)
    figure = style.new_figure(0.9 + 2.1 * blocks, "Accuracy by epoch, stage after stage")
    panels = figure.subplots(2 * blocks, columns, squeeze=False, height_ratios=[1.6, 1] * blocks)
    starts = _stage_starts(table)
    for place in range(blocks * columns):
        row, column = divmod(place, columns)
        pair = panels[2 * row : 2 * row + 2, column]
        if place < len(ends):
            _curves(pair, table, ends[place], starts)
            pair[0].set_title(style.chain_words(ends[place], 96 // columns), loc="left", fontsize=8)
        else:
            for axes in pair:
                axes.set_axis_off()
    _share_scales(panels, len(ends))
    figure.legend(handles=_curve_handles(), loc="outside lower right", ncols=4, columnspacing=1.5)
    return figure


def _stage_starts(table: pd.DataFrame) -> dict[str, int]:
    """Place each chain on a continuing axis: where its last stage starts, after the longest run of the stage before."""
    longest = table.groupby("checkpoint", sort=False)["epoch"].max()
    starts = {}
    for chain in sorted(longest.index, key=lambda name: name.count("+")):
        parent = chain.rpartition("+")[0]
        starts[chain] = starts[parent] + int(longest[parent]) + 1 if parent in starts else 0
    return starts


def _curves(pair: np.ndarray, table: pd.DataFrame, end: str, starts: dict[str, int]) -> None:
    """Draw the chain that ends in ``end``: validation above, train below, a line where a stage begins."""
    stages = end.split("+")
    for length in range(1, len(stages) + 1):
        chain = "+".join(stages[:length])
        if chain not in starts:
            continue
        part = table[table["checkpoint"] == chain]
        for axes, column in zip(pair, CURVES, strict=True):
            _stage_curve(axes, part, column, starts[chain])
            if length > 1:
                axes.axvline(starts[chain] - 0.5, color=style.PALE, linewidth=0.7, linestyle=(0, (1, 2)))
    pair[0].tick_params(labelbottom=False)
    pair[0].sharex(pair[1])
    pair[1].xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _stage_curve(axes: Axes, part: pd.DataFrame, column: str, start: int) -> None:
    colour = CURVES[column]
    wide = 100 * part.pivot(index="epoch", columns="seed", values=column)
    for seed in wide:
        axes.plot(start + wide.index, wide[seed], color=colour, linewidth=0.6, alpha=0.5)
    mean = wide.dropna().mean(axis=1)  # only as far as every seed went
    axes.plot(start + mean.index, mean, color=colour, linewidth=1.8)
    best = part[part["best"]]
    if column == "validation_accuracy":
        axes.plot(start + best["epoch"], 100 * best[column], "o", color=colour, markersize=3.6, markeredgecolor="white")


def _share_scales(panels: np.ndarray, used: int) -> None:
    """Give the panels of a row one scale, named on the left, and every column the name of its epochs."""
    columns = panels.shape[1]
    for number, row in enumerate(panels):
        row = row[: used - number // 2 * columns]
        limits = np.array([axes.get_ylim() for axes in row if np.isfinite(axes.dataLim.get_points()).all()])
        for place, axes in enumerate(row):
            if len(limits):
                axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())
            axes.grid(axis="y", color=style.FAINT, linewidth=0.7)
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(labelleft=place == 0)
            axes.set_xlabel("epoch" if number == len(panels) - 1 else "")
        row[0].set_ylabel("train (%)" if number % 2 else "validation (%)")


def _curve_handles() -> list[Line2D]:
    validation, ink = CURVES["validation_accuracy"], style.INK
    return [
        Line2D([], [], color=ink, linewidth=1.8, label="mean of seeds"),
        Line2D([], [], color=ink, linewidth=0.6, alpha=0.5, label="one seed"),
        Line2D([], [], color=validation, marker="o", markersize=4, linestyle="", label="best epoch"),
        Line2D([], [], color=style.PALE, linewidth=0.7, linestyle=(0, (1, 2)), label="next stage starts"),
    ]
