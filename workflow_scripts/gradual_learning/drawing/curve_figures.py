"""The figure of learning curves. Drawn from its table alone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from gradual_learning.drawing import style

VALIDATION = "#D55E00"
ROOMY = 6  # panels that are drawn three a row
PARTS = {f"train_accuracy_{category}": look for category, look in style.CATEGORY_LINES.items()}


def learning_curves(table: pd.DataFrame) -> Figure:
    """Draw accuracy by epoch, one panel for each chain that no other chain continues.

    Above, the validation questions; below, the questions trained on, by their category at base (after Gekhman et al.
    2024, figure 1).
    """
    chains = list(dict.fromkeys(table["checkpoint"]))
    ends = [chain for chain in chains if not any(other.startswith(f"{chain}+") for other in chains)]
    ends.sort(key=lambda chain: "+" not in chain)  # neighbours share a scale: chains of several stages together
    columns, height = (min(len(ends), 3), 2.4) if len(ends) <= ROOMY else (5, 1.75)
    blocks = -(-len(ends) // columns)
    figure = style.new_figure(1.05 + height * blocks, "Accuracy (%) by epoch, stage after stage")
    panels = figure.subplots(2 * blocks, columns, squeeze=False)
    starts = _stage_starts(table)
    for place in range(blocks * columns):
        row, column = divmod(place, columns)
        pair = panels[2 * row : 2 * row + 2, column]
        if place < len(ends):
            _curves(pair, table, ends[place], starts)
            style.panel_title(pair[0], style.chain_words(ends[place], 96 // columns), columns <= 3)
        else:
            for axes in pair:
                axes.set_axis_off()
    _share_scales(panels, len(ends))
    figure.legend(handles=_curve_handles(), loc="outside lower left", ncols=4, columnspacing=1.5)
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
    pair[0].sharex(pair[1])
    stages = end.split("+")
    for length in range(1, len(stages) + 1):
        chain = "+".join(stages[:length])
        if chain not in starts:
            continue
        part = table[table["checkpoint"] == chain]
        _validation(pair[0], part, starts[chain])
        _train(pair[1], part, starts[chain])
        for axes in pair if length > 1 else ():
            axes.axvline(starts[chain] - 0.5, color=style.PALE, linewidth=0.7, linestyle=(0, (1, 2)))
    style.widen(pair[1], 0, 1)
    pair[0].tick_params(labelbottom=False)
    pair[1].xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _validation(axes: Axes, part: pd.DataFrame, start: int) -> None:
    """Draw every seed, their mean and the best epochs of one stage."""
    wide = _percent(part, "validation_accuracy")
    axes.plot(start + wide.index, wide, color=VALIDATION, linewidth=0.6, alpha=0.5)
    mean = wide.dropna().mean(axis=1)  # only as far as every seed went
    axes.plot(start + mean.index, mean, color=VALIDATION, linewidth=1.8)
    best = part[part["best"]]
    spots = start + best["epoch"], 100 * best["validation_accuracy"]
    axes.plot(*spots, "o", color=VALIDATION, markersize=3.6, markeredgecolor="white")


def _train(axes: Axes, part: pd.DataFrame, start: int) -> None:
    """Draw the mean over seeds for each category at base, as far as every seed went."""
    for column, look in PARTS.items():
        mean = _percent(part, column).dropna().mean(axis=1)
        axes.plot(start + mean.index, mean, linewidth=1.5, **look)


def _percent(part: pd.DataFrame, column: str) -> pd.DataFrame:
    """Spread a column over seeds, one row an epoch, in percent."""
    return 100 * part.pivot(index="epoch", columns="seed", values=column)


def _share_scales(panels: np.ndarray, used: int) -> None:
    """Give the panels of a row one scale, named on the left, and every column the name of its epochs."""
    columns = panels.shape[1]
    for number, row in enumerate(panels):
        row, train = row[: used - number // 2 * columns], number % 2
        limits = [(-4, 104)] if train else [axes.get_ylim() for axes in row]
        for place, axes in enumerate(row):
            axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
            axes.grid(axis="y", color=style.FAINT, linewidth=0.7)
            axes.yaxis.set_major_locator(FixedLocator([0, 50, 100]) if train else MaxNLocator(4))
            axes.tick_params(labelleft=place == 0)
            axes.set_xlabel("epoch" if number == len(panels) - 1 else "")
        row[0].set_ylabel("train" if train else "validation")


def _curve_handles() -> list[Line2D]:
    """Explain the curves, a column of the legend for each two."""
    dots = {"color": style.PALE, "linewidth": 0.7, "linestyle": (0, (1, 2))}
    above = [
        Line2D([], [], color=VALIDATION, linewidth=1.8, label="validation, mean of seeds"),
        Line2D([], [], color=VALIDATION, linewidth=0.6, alpha=0.5, label="validation, one seed"),
        Line2D([], [], color=VALIDATION, marker="o", markersize=4, linestyle="", label="best epoch"),
        Line2D([], [], label="next stage starts", **dots),
    ]
    train = [
        Line2D([], [], linewidth=1.5, label=f"train, {style.category_words(name).lower()}", **look)
        for name, look in style.CATEGORY_LINES.items()
    ]
    return [handle for pair in zip(above, train, strict=True) for handle in pair]
