"""Questions that are trained on and still answered wrong."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gradual_learning.evaluation.never_learned import (
    ALL,
    BASE_ANSWER,
    CATEGORY,
    EXPOSURE,
    FACTORS,
    ONE_WRONG,
    SAME_ANSWER,
    WORDS,
)
from gradual_learning.evaluation.table_values import FULL
from gradual_learning.figures import style
from gradual_learning.figures.shared_matrix import draw_shares
from gradual_learning.report.wording import INTERVALS, Tables, code, estimate, listed
from gradual_learning.tables.schemas import CATEGORIES

FEW = 10  # questions; a share of fewer is drawn without a shade
MANY = 12  # strategies; the labels of more are smaller
LEAST_SCALE = 20.0  # percent of the darkest shade, at least
CAPTION = (
    "Share of the questions on which a strategy trains, in any stage, that it still answers wrong zero-shot, at the"
    " last and at the best epoch of its last stage, by what is known of a question: its category under the base model,"
    " how often pretraining states its fact, the words in its answer, how many trained questions have its answer"
    " (itself included), and what the base model answers under its few-shot prompts (one wrong: half of them or more"
    f" give the same wrong answer). Gray numbers without a shade stand for fewer than {FEW} questions; the table has"
    f" all counts and intervals. {INTERVALS}"
)
TITLE = "Trained questions that are still answered wrong (%)"
HEADINGS = {
    ALL: "",
    CATEGORY: "category\nat base",
    EXPOSURE: "times stated\nin pretraining",
    WORDS: "words in\nthe answer",
    SAME_ANSWER: "trained\nwith the\nsame answer",
    BASE_ANSWER: "base model's\nanswers",
}


def draw(table: pd.DataFrame) -> Figure:
    """Draw a matrix per epoch and factor: one row per strategy, one column per level.

    Args:
        table: tables/never_learned.tsv.
    """
    if table.empty:
        return style.empty_figure(TITLE, "No strategy trains on a question with an answer that it accepts.")
    names = list(dict.fromkeys(table["strategy"]))
    factors = [factor for factor in FACTORS if factor in set(table["factor"])]
    levels = {factor: _levels(table, factor) for factor in factors}
    labels = [style.chain_label(name) for name in names]
    height = style.row_height(labels, 0.2) * len(names)
    figure = style.new_figure(1.9 + 2 * height, TITLE)
    widths = [max(len(levels[factor]), 1 if factor == ALL else 2) for factor in factors]  # room for the headings
    grid = figure.subplots(2, len(factors), sharey=True, width_ratios=widths, squeeze=False)
    highest = max(LEAST_SCALE, 100 * table.loc[table["questions"] >= FEW, "wrong"].max())
    for row, epoch in zip(grid, ("last", "best"), strict=True):
        for axes, factor in zip(row, factors, strict=True):
            part = table[(table["factor"] == factor) & (table["epoch"] == epoch)]
            _draw_factor(axes, part, names, levels[factor], highest)
        row[0].set_yticks(range(len(names)), labels, fontsize=8 if len(names) <= MANY else 6.5)
        row[0].set_ylabel(f"{epoch} epoch", fontweight="bold")
    for axes, factor in zip(grid[0], factors, strict=True):
        axes.set_title(HEADINGS[factor], fontsize=7.5)
        axes.tick_params(labelbottom=False)
    return figure


def _levels(table: pd.DataFrame, factor: str) -> list[str]:
    """List the levels of a factor in order, those of all strategies."""
    found = list(dict.fromkeys(table.loc[table["factor"] == factor, "level"]))
    return sorted(found, key=CATEGORIES.index) if factor == CATEGORY else sorted(found, key=_first_number)


def _first_number(level: str) -> int:
    """Return the lowest number of a bin such as ``4-7``, and 0 for a level that is no bin."""
    digits = level.partition("-")[0].rstrip("+")
    return int(digits) if digits.isdecimal() else 0


def _draw_factor(axes: Axes, part: pd.DataFrame, names: Sequence[str], levels: Sequence[str], highest: float) -> None:
    wrong, questions = (
        part.pivot(index="strategy", columns="level", values=column).reindex(index=names, columns=levels)
        for column in ("wrong", "questions")
    )
    draw_shares(axes, 100 * wrong.to_numpy(), highest, (questions < FEW).to_numpy())
    axes.set_xticks(range(len(levels)), [_level_label(level) for level in levels], rotation=90, fontsize=6.5)


def _level_label(level: str) -> str:
    if level in CATEGORIES:
        return style.category_label(level)
    return "all" if level == FULL else level.replace("-", style.DASH)


def finding(tables: Tables) -> str:
    """State the share of the strategy that trains on most questions, overall, by category, and with a conflict."""
    table = tables["never_learned"]
    if table.empty:
        return "No strategy trains on a question with an answer that it accepts."
    total = table[table["factor"] == ALL].set_index(["epoch", "strategy"])
    name = total.loc["last", "questions"].idxmax()
    own = table[(table["strategy"] == name) & (table["epoch"] == "last")]
    last, best = total.loc[("last", name)], total.loc[("best", name)]
    categories = [f"{row['level']} {estimate(row, 'wrong')}" for _, row in own[own["factor"] == CATEGORY].iterrows()]
    conflict = own[(own["factor"] == BASE_ANSWER) & (own["level"] == ONE_WRONG)]
    agreed = [
        f" Where the base model agreed on one wrong answer, it is {estimate(row, 'wrong')}."
        for _, row in conflict.iterrows()
    ]
    return (
        f"{code(name)} trains on most questions, {last['questions']:,.0f}, and still answers {estimate(last, 'wrong')}"
        f" of them wrong at its last epoch ({estimate(best, 'wrong')} at its best). At the last epoch by category:"
        f" {listed(categories)}.{''.join(agreed)}"
    )
