"""Forgetting of the questions HighlyKnown at base, by strategy."""

import pandas as pd
from matplotlib.figure import Figure

from gradual_learning.figures import style
from gradual_learning.figures.shared_strategies import (
    add_strategy_legend,
    base_rows,
    draw_strategies,
    set_limits,
    trained_strategies,
)
from gradual_learning.report.wording import INTERVALS, Tables, code, estimate

CAPTION = (
    "Share of the questions HighlyKnown under the base model that each strategy no longer answers, on test and on train"
    " questions, and the drop of their p_greedy (the share of correct greedy few-shot answers) where they were"
    " relabeled. The dashed line is the base model: zero-shot, it misses some HighlyKnown questions too."
    f" {INTERVALS}"
)
UNANSWERED = ("forgotten", "low", "high"), "highly_known", "unanswered (%)"
DROP = ("p_greedy_drop", "p_greedy_low", "p_greedy_high"), "p_greedy_questions", "p_greedy drop (points)"


def draw(table: pd.DataFrame, confidence: float) -> Figure:
    """Draw one row per strategy: the share left unanswered, and the drop of p_greedy.

    Args:
        table: tables/forgetting.tsv.
        confidence: coverage of the intervals.
    """
    order = trained_strategies(table["strategy"])
    figure = style.new_figure(1.6 + 0.31 * len(order), "Forgetting of questions that were highly known at base")
    panels = figure.subplots(1, 4, sharey=True)
    shown = [(split, *measure) for measure in (UNANSWERED, DROP) for split in ("test", "train")]
    for axes, (split, columns, count, words) in zip(panels, shown, strict=True):
        part = table[table["split"] == split]
        missing = "not labeled" if part["highly_known"].any() else "no questions"
        draw_strategies(axes, part, order, columns, missing)
        sizes = part[count].dropna()
        axes.set_title(f"{split} questions\nn = {int(sizes.iloc[0]) if len(sizes) else 0:,}")
        axes.set_xlabel(words)
    for pair in (panels[:2], panels[2:]):
        for axes in pair:
            set_limits(axes, pair, include=0.0)
    add_strategy_legend(figure, confidence, "base model (p_greedy: relabeled)")
    return figure


def finding(tables: Tables) -> str:
    """State which strategy forgets least and most, and what the base model itself misses."""
    table = tables["forgetting"]
    test = table[table["split"] == "test"]
    best = test[test["epoch"] == "best"].sort_values("forgotten")
    base, least, most = base_rows(test).iloc[0], best.iloc[0], best.iloc[-1]
    return (
        f"Of {base['highly_known']:,.0f} test questions HighlyKnown at base, {code(least['strategy'])} leaves the"
        f" fewest unanswered at its best epoch, {estimate(least, 'forgotten')}, and {code(most['strategy'])} the most,"
        f" {estimate(most, 'forgotten')}. The base model leaves {estimate(base, 'forgotten')} unanswered zero-shot."
    )
