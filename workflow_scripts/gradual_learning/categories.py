"""SliCK: from a question's answers to how well the model masters it (Gekhman et al. 2024, section 3).

P0 is the share of a question's greedy answers, one per exemplar set, that are correct; Ps that of its sampled ones.
HighlyKnown: P0 = 1. MaybeKnown: 0 < P0 < 1. WeaklyKnown: P0 = 0 and Ps > 0. Unknown: both 0.
"""

import numpy as np
import pandas as pd

from gradual_learning.answers import Judge
from gradual_learning.records import KNOWLEDGE, Category, UserError


def categorize(answers: pd.DataFrame, questions: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """Judge the answers of each question and sort the questions into the four categories.

    Args:
        answers: columns of ``records.ANSWERS``, one row per question and prompt, in any order.
        questions: columns of ``records.QUESTIONS``.
        judge: what counts as correct.

    Returns:
        Columns of ``records.KNOWLEDGE``, one row per question, in the order of ``questions``.

    Raises:
        UserError: a question was not answered, an answer belongs to no question, or a prompt was answered twice.
    """
    _check(answers, questions)
    accepted = dict(zip(questions["id"], questions["answers"], strict=True))
    gold = [accepted[question] for question in answers["id"]]
    right = [judge.correct(text, texts) for text, texts in zip(answers["greedy"], gold, strict=True)]
    hits = [_hits(drawn, texts, judge) for drawn, texts in zip(answers["samples"], gold, strict=True)]
    counted = pd.DataFrame(
        {
            "id": answers["id"],
            "greedy_correct": right,
            "greedy_drawn": 1,
            "sampled_correct": hits,
            "sampled_drawn": answers["samples"].map(len),
        }
    )
    counts = counted.groupby("id", sort=False).sum().astype(int)
    table = questions[["id", "relation"]].join(counts, on="id").reset_index(drop=True)
    table["p0"] = table["greedy_correct"] / table["greedy_drawn"]
    table["ps"] = table["sampled_correct"] / table["sampled_drawn"].where(table["sampled_drawn"] > 0)
    table["category"] = label(table["p0"].to_numpy(), table["sampled_correct"].to_numpy() > 0)
    return table[KNOWLEDGE.names]


def label(p0: np.ndarray, sampled_hit: np.ndarray) -> np.ndarray:
    """Name the category of each question.

    Args:
        p0: float [n], share of correct greedy answers.
        sampled_hit: bool [n], whether any sampled answer is correct.
    """
    conditions = [p0 == 1, p0 > 0, sampled_hit]
    names = [Category.HIGHLY_KNOWN.value, Category.MAYBE_KNOWN.value, Category.WEAKLY_KNOWN.value]
    return np.select(conditions, names, default=Category.UNKNOWN.value)


def _hits(drawn: list[str], accepted: list[str], judge: Judge) -> int:
    return sum(judge.correct(text, accepted) for text in drawn)


def _check(answers: pd.DataFrame, questions: pd.DataFrame) -> None:
    differing = set(answers["id"]) ^ set(questions["id"])
    if differing:
        raise UserError(
            f"{len(differing)} answers or questions, {min(differing)} for one, have no partner: sample again."
        )
    twice = answers.duplicated(["id", "prompt"])
    if twice.any():
        raise UserError(f"{int(twice.sum())} prompts were answered twice: the shards overlap; sample again.")
