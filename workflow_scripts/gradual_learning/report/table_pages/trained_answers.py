"""Differences of accuracy on test questions with and without a trained answer."""

import pandas as pd

from gradual_learning.evaluation.entity_sharing import TRAINED
from gradual_learning.report.wording import INTERVALS, Tables, code, interval, points, share

CAPTION = (
    "Each difference of test accuracy, split by whether the answer of the question is one on which a stage of the"
    " strategy trains, in the same relation. The contributions of both groups add up to the difference on all"
    f" questions; their shares are given where its interval excludes 0. {INTERVALS}"
)


def finding(tables: Tables) -> str:
    """State how much of the largest difference lies on questions with a trained answer."""
    table = tables["trained_answers"]
    shown = table[table["answer"] == TRAINED].dropna(subset="share")
    if shown.empty:
        return "No difference of accuracy excludes 0, so that there is none to split."
    totals = table.groupby(["baseline", "strategy"])[["contribution", "questions"]].sum()
    row = max((row for _, row in shown.iterrows()), key=lambda row: abs(totals["contribution"][_pair(row)]))
    total = totals.loc[_pair(row)]
    return (
        f"The largest difference is {points(total['contribution'])} points ({code(row['strategy'])} against"
        f" {code(row['baseline'])}); {share(row['share'], row['share_low'], row['share_high'])} of it lies on the"
        f" {share(row['questions'] / total['questions'])} of the test questions that have a trained answer, where the"
        f" difference is {points(row['difference'])} {interval(row['low'], row['high'])}."
    )


def _pair(row: pd.Series) -> tuple[str, str]:
    return row["baseline"], row["strategy"]
