"""Forgetting: questions that are HighlyKnown at base and no longer answered correctly."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap, jackknife_means
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import NO_EPOCH
from gradual_learning.experiment import BASE
from gradual_learning.tables.schemas import CATEGORIES

COLUMNS = ["strategy", "epoch", "highly_known", "seeds", "forgotten", "low", "high", "base_unanswered"]
DROP_COLUMNS = ["strategy", "p_greedy_questions", "p_greedy_drop", "p_greedy_low", "p_greedy_high"]


def forgetting(
    highly_known: np.ndarray, answers: Mapping[tuple[str, str], np.ndarray], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate the share of the questions HighlyKnown at base that are no longer answered (zero-shot, greedy).

    Args:
        highly_known: 0/1, shape (questions,).
        answers: for each (strategy, epoch), the base model included, which questions are answered correctly, bool,
            shape (questions, seeds).
        bootstrap: resampling of questions and seeds.

    Returns:
        strategy, epoch, highly_known (number of questions), seeds, forgotten (share), low, high, and base_unanswered
        (the share that the base model itself fails zero-shot: it was labeled few-shot).
    """
    missed = {key: ~correct for key, correct in answers.items()}
    sums, sizes = bootstrap.group_sums(highly_known.astype(np.int8)[:, None], list(missed.values()))
    floor = ratio(missed[BASE, NO_EPOCH][highly_known.astype(bool)].sum(), sizes[0, 0])
    rows: list[tuple] = []
    for (strategy, epoch), part in zip(missed, sums, strict=True):
        share = ratio(jackknife_means(part), sizes)
        interval = [float(value[0]) for value in bootstrap.interval_over_seeds(share, SHARE)]
        seeds = missed[strategy, epoch].shape[1]
        rows.append((strategy, epoch, int(sizes[0, 0]), seeds, *interval, float(floor)))
    return pd.DataFrame(rows, columns=COLUMNS)


def p_greedy_drop(
    base: pd.DataFrame, later: Mapping[str, Sequence[pd.DataFrame]], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate the drop of p_greedy, the share of correct greedy answers, on questions where it was 1 at base.

    Args:
        base: categories under the base model (``schemas.KNOWLEDGE``), sorted by id.
        later: for each strategy the categories of the same questions in the same order, one table per seed.
        bootstrap: resampling of questions and seeds.

    Returns:
        strategy, p_greedy_questions (HighlyKnown at base), p_greedy_drop, p_greedy_low, p_greedy_high.
    """
    highly_known = (base["category"] == CATEGORIES[0]).to_numpy(dtype=np.int64)
    rows: list[tuple] = []
    for strategy, tables in later.items():
        drawn = np.stack([table["greedy_drawn"] for table in tables], axis=1) * highly_known[:, None]
        wrong = drawn - np.stack([table["greedy_correct"] for table in tables], axis=1) * highly_known[:, None]
        sums = bootstrap.question_sums(np.hstack([wrong, drawn])).reshape(1 + bootstrap.resamples, 2, len(tables), 1)
        mean = jackknife_means(sums)[..., 0]
        interval = map(float, bootstrap.interval_over_seeds(ratio(mean[..., 0], mean[..., 1]), SHARE))
        rows.append((strategy, int(highly_known.sum()), *interval))
    return pd.DataFrame(rows, columns=DROP_COLUMNS)
