"""Facts that the base model completes as statements, by the category of their question."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradual_learning.evaluation.table_values import FULL
from gradual_learning.figures import style
from gradual_learning.report.wording import Tables, estimate, listed
from gradual_learning.tables.schemas import CATEGORIES

CAPTION = (
    "Share of facts that the base model completes as stated in the pretraining documents, by the category of their"
    " question, and the AUC of the category as a predictor of recall. Facts that no document states are shown apart:"
    " they can only be guessed. Intervals cover {percent:g} %."
)


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw the share of recalled facts for each category, for all, and apart for unread facts, one panel per split.

    Args:
        table: tables/recall.tsv.
        confidence: coverage of the intervals.
    """
    figure = style.new_figure(2.7, "Facts recalled as statements, by the category of their question at base")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, split in zip(panels, dict.fromkeys(table["split"]), strict=False):
        groups = table[table["split"] == split].set_index(["unread", "category"])
        rows = [(False, name) for name in [*CATEGORIES, FULL]] + ([(True, FULL)] if table["unread"].any() else [])
        part = groups.reindex(rows)
        _draw_split(axes, part)
        axes.set_title(f"{split} questions", loc="left")
        axes.set_title(_auc_label(part.loc[(False, FULL)]), loc="right", fontsize=7.5)
    interval = Line2D([], [], color=style.INK, linewidth=1.1, label=style.interval_label(confidence))
    count = Line2D([], [], linestyle="", label="right margin: number of questions")
    figure.legend(handles=[interval, count], loc="outside lower right", ncols=2)
    return figure


def _draw_split(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one row per category with its interval, and the number of questions at the right margin."""
    style.label_rows(axes, [_label(*group) for group in part.index])
    rows = range(len(part))
    axes.hlines(rows, 100 * part["low"], 100 * part["high"], color=style.INK, linewidth=1.1)
    colors = [*style.CATEGORY_COLORS.values(), "white", "white"][: len(part)]
    axes.scatter(100 * part["share"], rows, s=34, c=colors, edgecolors=style.INK, linewidths=0.8, zorder=3)
    for row, questions in enumerate(part["questions"]):
        place = axes.get_yaxis_transform()
        axes.text(1.02, row, f"{questions:,.0f}", transform=place, va="center", fontsize=7, color=style.PALE)
    axes.set_xlim(-3, 103)
    axes.set_xlabel("recalled (%)")


def _label(unread: bool, category: str) -> str:
    if category != FULL:
        return style.category_label(category)
    return "Never stated" if unread else "All stated"


def _auc_label(row: pd.Series) -> str:
    """Write how well the category predicts recall, where some facts are recalled and some are not."""
    return "" if pd.isna(row["auc"]) else f"AUC {row['auc']:.2f} [{row['auc_low']:.2f}, {row['auc_high']:.2f}]"


def finding(tables: Tables) -> str:
    """State how well the category predicts whether a fact is recalled, and how many unread facts are guessed."""
    full = tables["recall"].query("category == @FULL")
    parts = [
        f"{row['auc']:.2f} [{row['auc_low']:.2f}, {row['auc_high']:.2f}] on {row['questions']:,} {row['split']} facts"
        f" ({estimate(row, 'share')} recalled)"
        for _, row in full[~full["unread"]].iterrows()
    ]
    text = f"The category predicts recall with an AUC of {listed(parts)}, where 0.5 is chance and 1 is perfect."
    guessed = [
        f"{estimate(row, 'share')} of {row['questions']:,} {row['split']} facts"
        for _, row in full[full["unread"]].iterrows()
    ]
    return f"{text} Of the facts that no document states, the model guesses {listed(guessed)}." if guessed else text
