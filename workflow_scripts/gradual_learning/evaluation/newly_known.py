"""Facts that become known in a stage, by how often the pretraining documents state them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap, jackknife_means
from gradual_learning.evaluation.ground_truth import BIN, exposure_bins, look_up
from gradual_learning.evaluation.statistics import concordance, ratio
from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.tables.schemas import CATEGORIES

KNOWN = CATEGORIES[:2]  # at least one correct greedy answer
NOT_KNOWN = CATEGORIES[2:]
SHARES = ["share", "low", "high"]
EXCESS = ["excess", "excess_low", "excess_high"]
AUC = ["auc", "auc_low", "auc_high"]
COLUMNS = ["category", "checkpoint", *BIN, "questions", "seeds", "known", *SHARES, "floor", *EXCESS, *AUC]


def newly_known(
    facts: pd.DataFrame,
    base: pd.DataFrame,
    later: Mapping[str, Sequence[pd.DataFrame]],
    relabel: pd.DataFrame | None,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate which WeaklyKnown and Unknown facts become MaybeKnown or HighlyKnown, by exposure in pretraining.

    Args:
        facts: columns of ``schemas.FACTS``.
        base: categories of a split's questions under the base model, sorted by id.
        later: for each chain of stages the categories of the same questions in the same order, one table per seed. In
            the train split, these include questions that the stages train on.
        relabel: the categories of the same questions when the base model was labeled a second time, or None.
        bootstrap: resampling of questions and seeds.

    Returns:
        category (at base), checkpoint (the chain, or the second labeling), low_exposure, high_exposure (empty in the
        row of all exposures), questions, seeds, known (a mean of counts over seeds), share, low, high; floor (share of
        the same questions that are known in the second labeling), excess (share - floor), excess_low, excess_high; in
        the row of all exposures also auc, auc_low, auc_high: the probability that a fact that becomes known has a
        higher exposure, in bins, than one that does not (ties count half).

    Raises:
        UserError: a labeled question belongs to no fact of the world.
    """
    bounds, inside = exposure_bins(look_up(facts, base, "exposures"))
    groups = np.column_stack([inside, np.ones(len(base), np.int8)])
    tables = {**({} if relabel is None else {RELABELED: [relabel]}), **later}
    known = np.column_stack([_is_known(table) for seeds in tables.values() for table in seeds])
    ends = np.cumsum([len(seeds) for seeds in tables.values()])[:-1]
    parts = []
    for category in NOT_KNOWN:
        chosen = groups * (base["category"] == category).to_numpy(np.int8)[:, None]
        sizes, hits = _counts(chosen, known, bootstrap)
        for checkpoint, own in zip(tables, np.split(hits, ends, axis=-1), strict=True):
            floor = None if relabel is None or checkpoint == RELABELED else hits[..., 0]
            part = _shares(sizes, own, floor, bootstrap)
            part[BIN] = pd.DataFrame([*bounds, (None, None)], dtype="Int64")
            parts.append(part.assign(category=category, checkpoint=checkpoint, seeds=own.shape[-1]))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _is_known(known: pd.DataFrame) -> np.ndarray:
    return (known["category"].cat.codes.to_numpy() < len(KNOWN)).astype(np.int8)


def _counts(groups: np.ndarray, outcomes: np.ndarray, bootstrap: Bootstrap) -> tuple[np.ndarray, np.ndarray]:
    """Count questions and outcomes by group, in the sample and in every resample.

    Args:
        groups: 0/1, shape (questions, groups).
        outcomes: 0/1, shape (questions, outcomes).
        bootstrap: resampling of questions.

    Returns:
        Shapes (1 + resamples, groups) and (1 + resamples, groups, outcomes).
    """
    measures = np.column_stack([np.ones(len(groups), np.int8), outcomes])
    crossed = groups[:, :, None] * measures[:, None, :]
    counts = bootstrap.question_sums(crossed.reshape(len(groups), -1)).reshape(-1, *crossed.shape[1:])
    return counts[..., 0], counts[..., 1:]


def _shares(sizes: np.ndarray, hits: np.ndarray, floor: np.ndarray | None, bootstrap: Bootstrap) -> pd.DataFrame:
    """Estimate the share of known questions, one row per group; the last group includes all others.

    Args:
        sizes: questions, shape (1 + resamples, groups).
        hits: known questions, shape (1 + resamples, groups, seeds).
        floor: questions known in the second labeling, shape (1 + resamples, groups), or None.
        bootstrap: resampling of questions and seeds.
    """
    mean = jackknife_means(hits[..., None])[..., 0]
    table = pd.DataFrame({"questions": sizes[0].astype(int), "known": mean[0, 0]})
    table[SHARES] = np.column_stack(bootstrap.interval_over_seeds(ratio(mean, sizes), SHARE))
    table[["floor", *EXCESS]] = np.nan
    if floor is not None:
        excess = bootstrap.interval_over_seeds(ratio(mean - floor, sizes), (-1, 1))
        table[["floor", *EXCESS]] = np.column_stack([ratio(floor[0], sizes[0]), *excess])
    auc = concordance(mean[..., :-1], (sizes - mean)[..., :-1])
    table.loc[len(table) - 1, AUC] = np.ravel(bootstrap.interval_over_seeds(auc[..., None], SHARE))
    return table.round(12)  # a bound of 0 is off by the last bit
