"""Generated answers and training steps of each strategy."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from gradual_learning.evaluation.table_values import ACTIVITIES, ALL, TOTAL
from gradual_learning.experiment import BASE
from gradual_learning.figures import style
from gradual_learning.report.wording import Tables

CAPTION = "Generated answers, training questions and optimizer steps of each strategy, summed over seeds."
COLORS = dict(zip(ACTIVITIES[2:], ["#3A3A8C", "#8686CC", "#D0D0EA"], strict=True))
AMOUNTS = {"generations": "generated answers", "steps": "training steps"}


def draw(table: pd.DataFrame) -> Figure:
    """Draw generated answers and training steps by strategy; those of the base model are shared by all.

    Args:
        table: tables/cost.tsv.
    """
    shown = table[table["activity"].isin(COLORS)]
    totals = shown.groupby("strategy")[list(AMOUNTS)].sum()
    order = [name for name in dict.fromkeys(shown["strategy"]) if name != TOTAL]
    figure = style.new_figure(1.4 + 0.24 * len(order), "Cost of each strategy, summed over seeds")
    panels = figure.subplots(1, 2, sharey=True)
    style.label_rows(panels[0], ["base model, shared" if name == BASE else name for name in order])
    for axes, column in zip(panels, AMOUNTS, strict=True):
        wide = shown.pivot(index="strategy", columns="activity", values=column).reindex(order).fillna(0)
        _draw_bars(axes, wide.reindex(columns=list(COLORS), fill_value=0), totals.loc[order, column])
        axes.set_title(f"{AMOUNTS[column]} (total {_short(totals.at[TOTAL, column])})", loc="left")
    handles = [Patch(facecolor=color, label=name) for name, color in COLORS.items()]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, columnspacing=1.5)
    return figure


def _draw_bars(axes: Axes, amounts: pd.DataFrame, ends: pd.Series) -> None:
    """Draw one bar per row, its parts in the order of the columns, with its total at the end."""
    starts = amounts.cumsum(axis=1) - amounts
    for activity, column in amounts.items():
        look: dict[str, Any] = {"color": COLORS[str(activity)], "edgecolor": "white", "linewidth": 0.5, "zorder": 2}
        axes.barh(range(len(amounts)), column, 0.62, left=starts[activity], **look)
    for row, end in enumerate(ends):
        axes.annotate(_short(end), (end, row), (3, 0), textcoords="offset points", va="center", fontsize=7)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.margins(x=0.15)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)


def _short(number: float) -> str:
    """Write a large number with three digits: 12,345 -> ``12.3 k``."""
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.0f}"


def finding(tables: Tables) -> str:
    """State the generated answers and optimizer steps of the whole run."""
    table = tables["cost"]
    whole = table[(table["strategy"] == TOTAL) & (table["activity"] == ALL)].iloc[0]
    return (
        f"The whole run generated {whole['generations']:,.0f} answers and took {whole['steps']:,.0f} optimizer steps;"
        " work that strategies share is counted once."
    )
