"""Fact recall by category: whether the base model completes the statement of the fact behind a question."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap
from gradual_learning.evaluation.checkpoints import category_indicators
from gradual_learning.evaluation.ground_truth import look_up
from gradual_learning.evaluation.statistics import concordance, wilson_interval
from gradual_learning.evaluation.table_values import GROUPS
from gradual_learning.tables.schemas import CATEGORIES

AUC = ["auc", "auc_low", "auc_high"]


def recall(
    facts: pd.DataFrame, splits: Mapping[str, pd.DataFrame], statements: pd.DataFrame, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate how well the category of a question predicts whether the base model completes its statement.

    Facts that no document states have rows of their own: the model cannot recall them, and completes them by guesses.

    Args:
        facts: columns of ``schemas.FACTS``.
        splits: for each split the categories of its questions under the base model, sorted by id.
        statements: whether the base model completes a statement of each fact (``schemas.EVALUATION``).
        bootstrap: resampling of questions for the interval of the AUC; the shares have Wilson's interval.

    Returns:
        split, unread (whether no document states the facts of the row), category (the four and ``Full``), questions,
        recalled (number of completed statements), share, low, high; in the row ``Full`` of stated facts also auc,
        auc_low, auc_high: the probability that a recalled fact has a better category than one that is not recalled
        (ties count half; 0.5 where the category predicts nothing).

    Raises:
        UserError: a labeled question belongs to no fact of the world.
    """
    parts = []
    for split, known in splits.items():
        is_unread = look_up(facts, known, "exposures") == 0
        for unread in np.unique(is_unread):
            part = _recall_of_facts(known[is_unread == unread], statements, bootstrap)
            part.insert(0, "split", split)
            part.insert(1, "unread", unread)
            parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    table.loc[table["unread"], AUC] = np.nan
    return table


def _recall_of_facts(known: pd.DataFrame, statements: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    categories, recalled = category_indicators(known), look_up(statements, known, "correct")[:, None]
    sums = bootstrap.question_sums(np.hstack([categories * recalled, categories * (1 - recalled)]))
    sums = sums.reshape(-1, 2, len(CATEGORIES))
    worst_first = sums[..., ::-1]
    auc = concordance(worst_first[:, 0], worst_first[:, 1])
    hits, misses = np.column_stack([sums[0].sum(axis=-1), sums[0]]).astype(int)
    table = pd.DataFrame({"category": GROUPS, "questions": hits + misses, "recalled": hits})
    shares = wilson_interval(hits, hits + misses, bootstrap.confidence_level)
    table[["share", "low", "high"]] = np.column_stack(shares)
    table.loc[0, AUC] = np.ravel(bootstrap.interval(auc[:, None], SHARE))
    return table
