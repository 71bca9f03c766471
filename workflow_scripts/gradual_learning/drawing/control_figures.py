"""Figures of controls: the replay ratio, the arms of Gekhman et al. 2024, what it all cost. Drawn from tables alone."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gradual_learning.drawing import style
from gradual_learning.measures.cost import EVALUATION, LABELLING, TOTAL, TRAINING
from gradual_learning.measures.runs import BASE, FULL, NO_EPOCH
from gradual_learning.records import CATEGORIES

EPOCHS = {"best": (-0.012, "-"), "convergence": (0.012, "--")}  # shift in the widths of a panel, line
EPOCH_WORDS = {"best": "best epoch", "convergence": "last epoch"}
ACTIVITY_COLOURS = {LABELLING: "#3A3A8C", TRAINING: "#8686CC", EVALUATION: "#D0D0EA"}
COSTS = {"generations": "generated answers", "steps": "training steps"}
COLOUR = style.STRATEGY_COLOURS[0]
MEASURED = {"marker": "o", "color": COLOUR, "markersize": 4.6}
PUBLISHED = {"marker": "D", "color": style.PALE, "markerfacecolor": "white", "markersize": 4.2}


def replay(accuracy: pd.DataFrame, forgetting: pd.DataFrame, confidence: float, sweep: Mapping[str, float]) -> Figure:
    """Draw accuracy and forgetting against the replay ratio.

    Args:
        accuracy: as :func:`metrics.accuracy` returns it.
        forgetting: as :func:`metrics.forgetting` returns it, for both splits.
        confidence: coverage of the intervals.
        sweep: the ratio of HighlyKnown questions that each strategy replays; they differ in nothing else.
    """
    figure = style.new_figure(2.9, "Accuracy and forgetting by the ratio of replayed highly known questions")
    answered = accuracy[accuracy["category"] == FULL]
    parts = {"accuracy, test questions": (answered, "accuracy")}
    for split in ("test", "train"):
        parts[f"forgotten, {split} questions"] = forgetting[forgetting["split"] == split], "forgotten"
    panels = figure.subplots(1, 3)
    for axes, (title, (part, column)) in zip(panels, parts.items(), strict=True):
        _sweep(axes, part, column, sweep)
        axes.set_title(title, loc="left")
        axes.set_xlabel("replayed / selected questions")
        axes.set_ylabel("questions (%)")
    panels[1].sharey(panels[2])
    style.strategy_legend(figure, confidence, "base model")
    return figure


def _sweep(axes: Axes, part: pd.DataFrame, column: str, sweep: Mapping[str, float]) -> None:
    """Draw one panel: a line over the ratios for the best epoch and one for the last, the base model behind them."""
    values = [column, "low", "high"]
    base = part.loc[(part["strategy"] == BASE) & (part["epoch"] == NO_EPOCH), values].iloc[0]
    style.reference(axes.axhline, axes.axhspan, *(100 * base))
    rows = part[part["strategy"].isin(sweep)].assign(ratio=part["strategy"].map(sweep)).sort_values("ratio")
    for epoch, (shift, line) in EPOCHS.items():
        shown = rows[rows["epoch"] == epoch].drop_duplicates("ratio")
        place = shown["ratio"] + shift * max(sweep.values())
        axes.vlines(place, 100 * shown["low"], 100 * shown["high"], color=COLOUR, linewidth=1.1)
        mark = {"marker": "o", "markersize": 4.6, "markerfacecolor": COLOUR if epoch == "best" else "white"}
        axes.plot(place, 100 * shown[column], line, color=COLOUR, linewidth=1, **mark)
    ratios = sorted(set(sweep.values()))
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios], fontsize=7)
    axes.margins(x=0.08)


def arms(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw test accuracy by what was trained on, beside the published numbers (Gekhman et al. 2024, table 2).

    Args:
        table: as :func:`arms.arms` returns it.
        confidence: coverage of the intervals.
    """
    order = list(dict.fromkeys(table["train_set"]))
    figure = style.new_figure(1.5 + 2 * (0.35 + 0.27 * len(order)), "Test accuracy by the category trained on")
    panels = figure.subplots(2, 6, sharey=True, sharex="col", width_ratios=[1.3, 1, 1, 1, 1, 1.2])
    for row, (epoch, words) in zip(panels, EPOCH_WORDS.items(), strict=True):
        for axes, group in zip(row, [FULL, *CATEGORIES], strict=False):
            part = table[(table["epoch"] == epoch) & (table["category"] == group)].set_index("train_set").loc[order]
            _arm_points(axes, part)
            if group == FULL:
                axes.set_ylabel(words)
                _ranks(row[-1], part)
    for axes, group in zip(panels[0], [FULL, *CATEGORIES], strict=False):
        axes.set_title("All" if group == FULL else style.category_words(group), fontsize=8)
    panels[0, -1].set_title("rank here,\npublished", fontsize=8)
    for axes in panels[1, :-1]:
        axes.set_xlabel("accuracy (%)")
    figure.legend(handles=_arm_handles(confidence), loc="outside lower right", ncols=2, columnspacing=1.5)
    return figure


def _arm_points(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row for each arm: measured with its interval, published beside it."""
    style.name_rows(axes, [style.category_words(name) for name in part.index])
    rows = range(len(part))
    axes.hlines(rows, 100 * part["low"], 100 * part["high"], color=COLOUR, linewidth=1.1, zorder=2)
    axes.plot(100 * part["accuracy"], rows, linestyle="", zorder=3, **MEASURED)
    axes.plot(100 * part["published"], rows, linestyle="", zorder=2, **PUBLISHED)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    axes.margins(x=0.1)


def _ranks(axes: Axes, part: pd.DataFrame) -> None:
    """Write the ranks of the arms by full accuracy: measured with its interval, and published."""
    axes.set_axis_off()
    for place, row in enumerate(part.itertuples()):
        words = f"{row.rank:g} [{row.rank_low:g}{style.DASH}{row.rank_high:g}], {row.published_rank:g}"
        axes.text(0.5, place, words, transform=axes.get_yaxis_transform(), ha="center", va="center", fontsize=7.5)


def _arm_handles(confidence: float) -> list[Line2D]:
    interval = style.interval_words(confidence)
    return [
        Line2D([], [], linewidth=1.1, label=f"here, with {interval}", **MEASURED),
        Line2D([], [], linestyle="", label="published (Gekhman et al. 2024, another model)", **PUBLISHED),
    ]


def cost(table: pd.DataFrame) -> Figure:
    """Draw the generations and the training steps of each strategy, and those of the base model that all share.

    Args:
        table: as :func:`cost.counts` returns it; pretraining is left out, as its steps are of another kind.
    """
    shown = table[table["activity"].isin(ACTIVITY_COLOURS)]
    totals = shown.groupby("strategy")[list(COSTS)].sum()
    order = [name for name in dict.fromkeys(shown["strategy"]) if name != TOTAL]
    figure = style.new_figure(1.4 + 0.24 * len(order), "What each strategy costs, all seeds together")
    panels = figure.subplots(1, 2, sharey=True)
    style.name_rows(panels[0], ["base model, shared" if name == BASE else name for name in order])
    for axes, column in zip(panels, COSTS, strict=True):
        wide = shown.pivot(index="strategy", columns="activity", values=column).reindex(order).fillna(0)
        _stacks(axes, wide.reindex(columns=list(ACTIVITY_COLOURS), fill_value=0))
        for place, end in enumerate(totals.loc[order, column]):
            axes.annotate(_short(end), (end, place), (3, 0), textcoords="offset points", va="center", fontsize=7)
        axes.set_title(f"{COSTS[column]} (in all {_short(totals.at[TOTAL, column])})", loc="left")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axes.margins(x=0.15)
        axes.grid(visible=False)
        axes.tick_params(axis="y", length=0)
    handles = [Patch(facecolor=colour, label=name) for name, colour in ACTIVITY_COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, columnspacing=1.5)
    return figure


def _stacks(axes: Axes, wide: pd.DataFrame) -> None:
    """Draw one bar a row, its parts side by side in the order of the columns."""
    starts = wide.cumsum(axis=1) - wide
    for activity in wide:
        look = {"color": ACTIVITY_COLOURS[activity], "edgecolor": "white", "linewidth": 0.5}
        axes.barh(range(len(wide)), wide[activity], 0.62, left=starts[activity], zorder=2, **look)


def _short(number: float) -> str:
    """Write a large number in three digits: ``12,345`` -> ``12.3 k``."""
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.0f}"
