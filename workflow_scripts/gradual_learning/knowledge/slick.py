"""SliCK: categorize questions by how well a model knows their answers (Gekhman et al. 2024, section 3).

``p_greedy`` is the share of a question's greedy answers, one per exemplar set, that are correct; ``p_sampled`` is that
of its sampled answers. HighlyKnown: p_greedy = 1. MaybeKnown: 0 < p_greedy < 1. WeaklyKnown: p_greedy = 0 and
p_sampled > 0. Unknown: both are 0.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.schemas import KNOWLEDGE, Category

COUNTS = ["greedy_correct", "greedy_drawn", "sampled_correct", "sampled_drawn"]


def categorize(answers: pd.DataFrame, questions: pd.DataFrame, matcher: AnswerMatcher) -> pd.DataFrame:
    """Judge the answers to each question and assign its category.

    Args:
        answers: columns of ``schemas.ANSWERS``, one row per question and prompt, in any order.
        questions: columns of ``schemas.QUESTIONS``.
        matcher: decides which answers are correct.

    Returns:
        Columns of ``schemas.KNOWLEDGE``, one row per question, in the order of ``questions``.

    Raises:
        UserError: a question has no answers, an answer belongs to no question, or a prompt was answered twice.
    """
    _check(answers, questions)
    accepted = _accepted_answers(answers, questions)
    correct = [_count_correct(texts, gold, matcher) for texts, gold in zip(answers["samples"], accepted, strict=True)]
    sampled = answers.assign(sampled_correct=correct, sampled_drawn=answers["samples"].map(len))
    table = _count(sampled, accepted, questions, matcher)
    table["p_sampled"] = table["sampled_correct"] / table["sampled_drawn"].where(table["sampled_drawn"] > 0)
    table["category"] = assign_categories(table["p_greedy"].to_numpy(), table["sampled_correct"].to_numpy() > 0)
    return table[KNOWLEDGE.names]


def categorize_by_likelihood(
    likelihoods: pd.DataFrame, questions: pd.DataFrame, matcher: AnswerMatcher, samples: int
) -> pd.DataFrame:
    """Assign categories by the probability of an accepted answer instead of sampled answers.

    Where no greedy answer is correct, sampling finds a question WeaklyKnown with the probability that at least one
    sample is correct, 1 - prod (1 - p)^samples over its prompts. Here it is WeaklyKnown if that probability is at least
    1/2.

    Args:
        likelihoods: columns of ``schemas.LIKELIHOODS``, one row per question and prompt, in any order.
        questions: columns of ``schemas.QUESTIONS``.
        matcher: decides which greedy answers are correct.
        samples: samples that would be drawn per prompt.

    Returns:
        Columns of ``schemas.KNOWLEDGE``, as :func:`categorize` does. The counts of samples are 0, and ``p_sampled`` is
        the mean probability.

    Raises:
        UserError: as :func:`categorize`.
    """
    _check(likelihoods, questions)
    unsampled = likelihoods.assign(sampled_correct=0, sampled_drawn=0)
    table = _count(unsampled, _accepted_answers(likelihoods, questions), questions, matcher)
    all_wrong = ((1 - likelihoods["probability"]) ** samples).groupby(likelihoods["id"]).prod()
    table["p_sampled"] = table["id"].map(likelihoods.groupby("id")["probability"].mean())
    table["category"] = assign_categories(table["p_greedy"].to_numpy(), table["id"].map(all_wrong).to_numpy() <= 0.5)
    return table[KNOWLEDGE.names]


def assign_categories(p_greedy: np.ndarray, any_sample_correct: np.ndarray) -> np.ndarray:
    """Return the name of each question's category, str [n].

    Args:
        p_greedy: float [n], share of correct greedy answers.
        any_sample_correct: bool [n], whether any sampled answer is correct.
    """
    conditions = [p_greedy == 1, p_greedy > 0, any_sample_correct]
    names = [Category.HIGHLY_KNOWN.value, Category.MAYBE_KNOWN.value, Category.WEAKLY_KNOWN.value]
    return np.select(conditions, names, default=Category.UNKNOWN.value)


def _accepted_answers(answers: pd.DataFrame, questions: pd.DataFrame) -> list[list[str]]:
    """Return the accepted answers to the question of each row."""
    accepted = dict(zip(questions["id"], questions["answers"], strict=True))
    return [accepted[question] for question in answers["id"]]


def _count(
    answers: pd.DataFrame, accepted: list[list[str]], questions: pd.DataFrame, matcher: AnswerMatcher
) -> pd.DataFrame:
    """Judge the greedy answers and sum the counts of each question, in the order of ``questions``."""
    correct = [matcher.matches(text, gold) for text, gold in zip(answers["greedy"], accepted, strict=True)]
    counted = answers.assign(greedy_correct=correct, greedy_drawn=1)[["id", *COUNTS]]
    counts = counted.groupby("id", sort=False).sum().astype(int)
    table = questions[["id", "relation"]].join(counts, on="id").reset_index(drop=True)
    return table.assign(p_greedy=table["greedy_correct"] / table["greedy_drawn"])


def _count_correct(samples: Sequence[str | None], accepted: list[str], matcher: AnswerMatcher) -> int:
    """Count the correct samples; None stands for a sample that was dropped because it could not match."""
    return sum(text is not None and matcher.matches(text, accepted) for text in samples)


def _check(answers: pd.DataFrame, questions: pd.DataFrame) -> None:
    unmatched = set(answers["id"]) ^ set(questions["id"])
    if unmatched:
        raise UserError(
            f"{len(unmatched)} questions, {min(unmatched)} for example, have no answers or are not in this split. "
            "Remove the answers of this checkpoint and rerun."
        )
    repeated = answers.duplicated(["id", "prompt"])
    if repeated.any():
        raise UserError(
            f"{int(repeated.sum())} prompts are answered twice: the shards overlap. Remove the answers of this "
            "checkpoint and rerun."
        )
