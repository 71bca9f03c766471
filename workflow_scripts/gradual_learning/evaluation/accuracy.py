"""Accuracy on the test questions, in full and by category at base."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap, jackknife_means
from gradual_learning.evaluation.checkpoints import group_indicators
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import FEW_SHOT, FULL, GROUPS
from gradual_learning.experiment import BASE
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.schemas import CATEGORIES

COLUMNS = ["strategy", "epoch", "category", "questions", "seeds", "accuracy", "low", "high"]


def accuracy(
    categories: np.ndarray, answers: Mapping[tuple[str, str], np.ndarray], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate zero-shot accuracy in full and by category at base (as in Gekhman et al. 2024, table 2).

    Args:
        categories: indicators of the category at base, 0/1, shape (questions, 4).
        answers: for each (strategy, epoch) which questions are answered correctly, bool, shape (questions, seeds).
        bootstrap: resampling of questions and seeds.

    Returns:
        One row for each strategy, epoch and group of questions: questions, seeds, accuracy, low, high.

    Raises:
        ValueError: the full accuracy differs from the count-weighted mean over the four categories.
    """
    correct, sizes = bootstrap.group_sums(group_indicators(categories), list(answers.values()))
    rows = []
    for (strategy, epoch), sums in zip(answers, correct, strict=True):
        interval = bootstrap.interval_over_seeds(ratio(jackknife_means(sums), sizes), SHARE)
        seeds = answers[strategy, epoch].shape[1]
        for group, questions, *values in zip(GROUPS, sizes[0], *interval, strict=True):
            rows.append((strategy, epoch, group, int(questions), seeds, *values))
    table = pd.DataFrame(rows, columns=COLUMNS)
    check_weighted_mean(table)
    return table


def contains_accepted(answers: pd.DataFrame, accepted: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Return which answers contain an accepted answer: bool, shape (questions,).

    Args:
        answers: columns id and answer.
        accepted: the accepted answers by question id.
    """
    matcher, pairs = AnswerMatcher("contains"), zip(answers["answer"], answers["id"], strict=True)
    return np.array([matcher.matches(answer, accepted[question]) for answer, question in pairs])


def containment(categories: np.ndarray, contained: Mapping[tuple[str, str], np.ndarray]) -> list[float]:
    """Compute the share of answers that contain an accepted answer, in the order of the rows of :func:`accuracy`.

    Args:
        categories: indicators of the category at base, 0/1, shape (questions, 4).
        contained: for each (strategy, epoch) which answers do, bool, shape (questions, seeds).
    """
    groups = group_indicators(categories)
    sizes = groups.sum(axis=0)
    return [float(share) for values in contained.values() for share in ratio(values.mean(axis=1) @ groups, sizes)]


def few_shot_accuracy(known: pd.DataFrame, categories: np.ndarray, bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate the few-shot accuracy of the base model: the share of correct greedy answers over all exemplar sets.

    Args:
        known: categories of the questions under the base model (``schemas.KNOWLEDGE``).
        categories: indicators of the category at base, 0/1, shape (questions, 4).
        bootstrap: resampling of questions.

    Returns:
        Rows like those of :func:`accuracy`.
    """
    groups = group_indicators(categories).astype(np.int64)
    interval = bootstrap.interval(few_shot_shares(known, groups, bootstrap), SHARE)
    rows = [
        (BASE, FEW_SHOT, group, int(questions), 1, *values)
        for group, questions, *values in zip(GROUPS, groups.sum(axis=0), *interval, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def few_shot_shares(known: pd.DataFrame, groups: np.ndarray, bootstrap: Bootstrap) -> np.ndarray:
    """Compute the share of correct greedy answers over all exemplar sets, by group of questions.

    Args:
        known: categories of the questions under the base model (``schemas.KNOWLEDGE``).
        groups: which questions belong to each group, 0/1, int64 of shape (questions, groups).
        bootstrap: resampling of questions.

    Returns:
        Shape (1 + resamples, groups).
    """
    counts = [groups * known[[name]].to_numpy(dtype=np.int64) for name in ("greedy_correct", "greedy_drawn")]
    return ratio(*np.split(bootstrap.question_sums(np.hstack(counts)), 2, axis=1))


def check_weighted_mean(table: pd.DataFrame, tolerance: float = 1e-9) -> None:
    """Check that the full accuracy is the count-weighted mean over the four categories.

    Raises:
        ValueError: it differs, so a question is counted twice or not at all.
    """
    for (strategy, epoch), part in table.groupby(["strategy", "epoch"], sort=False):
        part = part.set_index("category")
        four = part.loc[CATEGORIES]
        correct, questions = (four["accuracy"].fillna(0) * four["questions"]).sum(), four["questions"].sum()
        full = part.loc[FULL]
        if questions != full["questions"] or abs(correct - full["accuracy"] * questions) > tolerance * questions:
            raise ValueError(
                f"{strategy} ({epoch}): the full accuracy is {full['accuracy']:.6f} on {full['questions']} questions, "
                f"but the four categories have {correct:.3f} correct answers to {questions}"
            )
