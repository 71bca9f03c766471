"""The summary of several combined runs: what holds on average, and what a new base model would show."""

from collections.abc import Iterator

import pandas as pd

from gradual_learning.evaluation.table_values import (
    ACCURACY,
    FORGETTING,
    KNOWLEDGE_HELDOUT,
    KNOWLEDGE_TRAIN,
    POOLED,
)
from gradual_learning.report.wording import code, interval, listed, points

TITLE = "Findings over several runs"
HEADINGS = {  # measure -> heading, unit, whether more is better
    ACCURACY: ("Test accuracy", "points", True),
    FORGETTING: ("Forgetting of HighlyKnown test questions", "points", False),
    KNOWLEDGE_TRAIN: ("HighlyKnown train questions", "%", True),
    KNOWLEDGE_HELDOUT: ("HighlyKnown held-out questions", "%", True),
}


def body(table: pd.DataFrame, confidence: float) -> str:
    """Write the summary below its title, as Markdown.

    Args:
        table: tables/combined.tsv.
        confidence: coverage of all intervals.
    """
    runs = list(dict.fromkeys(table.loc[table["run"] != POOLED, "run"]))
    lines = [
        f"{len(runs)} runs are combined by a random-effects model: {listed([code(run) for run in runs])}. Each has"
        " another base model or other questions. The first brackets hold the"
        f" {100 * confidence:g} % interval of the mean over base models like these; the range for a new base model is"
        " the prediction interval of its true effect.",
    ]
    for measure, (heading, *_) in HEADINGS.items():
        sentences = [f"- {sentence(row)}" for _, row in _pooled(table, measure).iterrows()]
        lines += ["", f"## {heading}", "", *(sentences or ["No run measures this."])]
    lines += ["", "## Where the variation comes from", "", *variance_table(table)]
    return "\n".join([*lines, "", "## Limitations", "", *(f"- {line}" for line in limitations(table))]) + "\n"


def _pooled(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    return table[(table["measure"] == measure) & (table["run"] == POOLED)]


def sentence(row: pd.Series) -> str:
    """State a mean effect, what it implies, and what a new base model would show."""
    pair = f"{code(row['strategy'])} against {code(row['baseline'])}"
    if pd.isna(row["effect"]):
        return f"{pair}: not combined, since {row['runs']:.0f} run(s) define the effect."
    _, unit, more_is_better = HEADINGS[row["measure"]]
    numbers = f"{points(row['effect'])} {unit} {interval(row['low'], row['high'])} over {row['runs']:.0f} runs"
    new = f"{points(row['prediction_low'])} to {points(row['prediction_high'])} {unit}"
    return f"{pair}: {numbers}, {verdict(row, more_is_better)}; a new base model: {new}."


def verdict(row: pd.Series, more_is_better: bool) -> str:
    """Return what the interval of the mean and the prediction interval imply."""
    if row["low"] == row["high"] == 0:
        return "no difference at all"
    if row["low"] <= 0 <= row["high"]:
        return "no significant difference on average"
    word = "better" if (row["low"] > 0) == more_is_better else "worse"
    if row["prediction_low"] > 0 or row["prediction_high"] < 0:
        return f"{word} on average, and to be expected of a new base model too"
    return f"{word} on average, but a new base model may show no difference or the opposite"


def variance_table(table: pd.DataFrame) -> list[str]:
    """Tabulate in Markdown the standard deviations of an effect due to base models, seeds and test questions.

    The second and third are those of a mean over the seeds of a run; a row of relative changes is on a logarithmic
    scale, on which 1 % is 0.01.
    """
    lines = [
        "Standard deviations of an effect, in points or %: between base models with their training questions (tau, with"
        " its interval), due to the seeds of a run, and due to its questions. I² is the share of the first in the"
        " variance of the effects of runs.",
        "",
        "| measure | comparison | base models | seeds | questions | I² |",
        "|---|---|---|---|---|---|",
    ]
    for measure, (heading, *_) in HEADINGS.items():
        for _, row in _pooled(table, measure).dropna(subset="effect").iterrows():
            tau = f"{100 * row['tau']:.1f} [{100 * row['tau_low']:.1f}, {100 * row['tau_high']:.1f}]"
            parts = " | ".join(f"{100 * row[name]:.1f}" for name in ("seed_error", "question_error"))
            pair = f"{code(row['strategy'])} against {code(row['baseline'])}"
            lines.append(f"| {heading} | {pair} | {tau} | {parts} | {100 * row['i2']:.0f} % |")
    return lines


def limitations(table: pd.DataFrame) -> Iterator[str]:
    """Yield what the numbers do not cover."""
    runs = table[table["run"] != POOLED].drop_duplicates("run")
    for _, row in runs.dropna(subset="differs").iterrows():
        yield f"{code(row['run'])} differs from {code(runs['run'].iloc[0])} in {row['differs']}."
    single = [code(name) for name in runs.loc[runs["seeds"] == 1, "run"]]
    if len(single) == len(runs):
        yield "Every run has one seed: what differs between seeds counts as a difference between base models."
    elif single:
        yield f"One seed in {listed(single)}: the variance between seeds is that of the other runs."
    if len(runs) < 5:
        yield f"{len(runs)} runs are few: their variance is hardly known, and the intervals are wide for that reason."
    yield "A new base model is one like those combined; the prediction does not extend to models of another kind."
    yield "The intervals are not corrected for the number of comparisons."
