"""SliCK: from a question's answers to how well the model masters it (Gekhman et al. 2024, section 3).

P0 is the share of a question's greedy answers, one per exemplar set, that are correct; Ps that of its sampled ones.
HighlyKnown: P0 = 1. MaybeKnown: 0 < P0 < 1. WeaklyKnown: P0 = 0 and Ps > 0. Unknown: both 0.
"""

import numpy as np
import pandas as pd

from gradual_learning.answers import Judge
from gradual_learning.records import KNOWLEDGE, Category, UserError

COUNTS = ["greedy_correct", "greedy_drawn", "sampled_correct", "sampled_drawn"]


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
    gold = _gold(answers, questions)
    hits = [_hits(drawn, texts, judge) for drawn, texts in zip(answers["samples"], gold, strict=True)]
    drawn = answers.assign(sampled_correct=hits, sampled_drawn=answers["samples"].map(len))
    table = _count(drawn, gold, questions, judge)
    table["ps"] = table["sampled_correct"] / table["sampled_drawn"].where(table["sampled_drawn"] > 0)
    table["category"] = label(table["p0"].to_numpy(), table["sampled_correct"].to_numpy() > 0)
    return table[KNOWLEDGE.names]


def categorize_by_likelihood(scores: pd.DataFrame, questions: pd.DataFrame, judge: Judge, samples: int) -> pd.DataFrame:
    """Sort the questions by the chance of an accepted answer in place of drawn ones.

    Where no greedy answer is correct, sampling finds a question WeaklyKnown with the chance that at least one of its
    draws hits, 1 - prod (1 - p)^samples over its prompts. Here it is WeaklyKnown where that chance is at least 1/2.

    Args:
        scores: columns of ``records.LIKELIHOODS``, one row per question and prompt, in any order.
        questions: columns of ``records.QUESTIONS``.
        judge: what counts as a correct greedy answer.
        samples: answers that sampling would draw per prompt.

    Returns:
        Columns of ``records.KNOWLEDGE``, as :func:`categorize`; nothing is drawn, and ``ps`` is the mean chance.

    Raises:
        UserError: as :func:`categorize`.
    """
    _check(scores, questions)
    drawn = scores.assign(sampled_correct=0, sampled_drawn=0)
    table = _count(drawn, _gold(scores, questions), questions, judge)
    missed = ((1 - scores["chance"]) ** samples).groupby(scores["id"]).prod()
    table["ps"] = table["id"].map(scores.groupby("id")["chance"].mean())
    table["category"] = label(table["p0"].to_numpy(), table["id"].map(missed).to_numpy() <= 0.5)
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


def _gold(answers: pd.DataFrame, questions: pd.DataFrame) -> list[list[str]]:
    accepted = dict(zip(questions["id"], questions["answers"], strict=True))
    return [accepted[question] for question in answers["id"]]


def _count(answers: pd.DataFrame, gold: list[list[str]], questions: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """Judge the greedy answers and add up the counts of each question, in the order of ``questions``."""
    right = [judge.correct(text, texts) for text, texts in zip(answers["greedy"], gold, strict=True)]
    counted = answers.assign(greedy_correct=right, greedy_drawn=1)[["id", *COUNTS]]
    counts = counted.groupby("id", sort=False).sum().astype(int)
    table = questions[["id", "relation"]].join(counts, on="id").reset_index(drop=True)
    return table.assign(p0=table["greedy_correct"] / table["greedy_drawn"])


def _hits(drawn: list[str | None], accepted: list[str], judge: Judge) -> int:
    return sum(text is not None and judge.correct(text, accepted) for text in drawn)


def _check(answers: pd.DataFrame, questions: pd.DataFrame) -> None:
    differing = set(answers["id"]) ^ set(questions["id"])
    if differing:
        raise UserError(
            f"{len(differing)} answers or questions, {min(differing)} for one, have no partner: sample again."
        )
    twice = answers.duplicated(["id", "prompt"])
    if twice.any():
        raise UserError(f"{int(twice.sum())} prompts were answered twice: the shards overlap; sample again.")
