"""What only a simulated world can show: how often a fact was read, and whether the model holds it as a statement.

Nobody knows either of a real model. Here both stand beside the categories: categories by exposure, the statement that
the base model completes or not by category, and the exposure of the facts that became known. An area (``auc``) is the
chance that of two facts, one with and one without an outcome, the first is ranked higher.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from gradual_learning.measures.runs import FULL, RETEST, membership
from gradual_learning.measures.statistics import Bootstrap, ratio, seed_folds
from gradual_learning.records import CATEGORIES, UserError

FEW = 20  # questions, of which a share says little
KNOWN = 2  # the first categories: those with a right greedy answer
OUT_OF_REACH = CATEGORIES[KNOWN:]
BIN = ["low_exposure", "high_exposure"]
WITHIN = (0, 1)  # where shares and areas lie
SHARE = ["share", "low", "high"]
EXCESS = ["excess", "excess_low", "excess_high"]
AREA = ["auc", "auc_low", "auc_high"]
GROUPS = [FULL, *CATEGORIES]


def exposure(facts: pd.DataFrame, known: pd.DataFrame, recall: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Tabulate categories at base against how often a fact was stated in pretraining, in bins that are powers of two.

    Args:
        facts: records.FACTS; facts without a labelled question are left out.
        known: categories of the train questions under the base model.
        recall: whether the base model completed a statement of each fact (records.EVALUATION).
        confidence: level of the intervals (Wilson's).

    Returns:
        low_exposure, high_exposure (both inside the bin; the last one takes in all those above it that hold few
        questions), category, questions, share (of the bin), low, high; recalled (share of the facts in the bin whose
        statement was completed), recalled_low, recalled_high.

    Raises:
        UserError: a labelled question asks for no fact of the world.
    """
    bounds, inside = _bins(_matched(facts, known, "exposures"))
    held = _matched(recall, known, "correct")
    counts = inside.T.astype(np.int64) @ np.column_stack([held, membership(known)])
    shares = np.stack(_wilson(counts, inside.sum(axis=0)[:, None], confidence), axis=-1)
    rows = [
        (*bound, category, counts[place, column], *shares[place, column], *shares[place, 0])
        for place, bound in enumerate(bounds)
        for column, category in enumerate(CATEGORIES, 1)
    ]
    columns = [*BIN, "category", "questions", *SHARE, "recalled", "recalled_low", "recalled_high"]
    return pd.DataFrame(rows, columns=columns)


def recall(splits: Mapping[str, pd.DataFrame], statements: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate how well the category of a question tells whether the base model completes the statement of its fact.

    Args:
        splits: for each split the categories of its questions under the base model, in id order.
        statements: whether the base model completed a statement of each fact (records.EVALUATION).
        bootstrap: how to resample for the interval of the area; the shares have Wilson's.

    Returns:
        split, category (the four and ``Full``), questions, recalled (how many of their statements were completed),
        share, low, high; in the row ``Full`` also auc, auc_low, auc_high: the chance that a fact that is recalled has
        the better category than one that is not (ties count half), 0.5 where the category tells nothing.
    """
    parts = []
    for split, known in splits.items():
        member, held = membership(known), _matched(statements, known, "correct")[:, None]
        sums = bootstrap.questions(np.hstack([member * held, member * (1 - held)])).reshape(-1, 2, len(CATEGORIES))
        worst_first = sums[..., ::-1]
        order = concordance(worst_first[:, 0], worst_first[:, 1])
        hits, misses = np.column_stack([sums[0].sum(axis=-1), sums[0]]).astype(int)
        part = pd.DataFrame({"category": GROUPS, "questions": hits + misses, "recalled": hits})
        part[SHARE] = np.column_stack(_wilson(hits, hits + misses, bootstrap.confidence))
        part.loc[0, AREA] = np.ravel(bootstrap.interval(order[:, None], WITHIN))
        part.insert(0, "split", split)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def newly_known(
    facts: pd.DataFrame,
    base: pd.DataFrame,
    later: Mapping[str, Sequence[pd.DataFrame]],
    retest: pd.DataFrame | None,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate which facts out of reach at base became known, by how often they were stated in pretraining.

    Out of reach are WeaklyKnown and Unknown questions, known MaybeKnown and HighlyKnown ones.

    Args:
        facts: records.FACTS.
        base: categories of a split's questions under the base model, in id order.
        later: for each chain of stages the categories of the same questions in the same order, one table a seed. Some
            of the questions may have been trained on, where the split is that of training.
        retest: the categories of the same questions when the base model was labelled a second time, where it was.
        bootstrap: how to resample.

    Returns:
        category (at base), checkpoint (the chain, or the retest), low_exposure, high_exposure (empty in the row of all
        exposures), questions, seeds, known (a mean of counts over seeds), share, low, high; floor (share of the same
        questions that are known at the retest), excess (share - floor), excess_low, excess_high; and in the row of all
        exposures auc, auc_low, auc_high: the chance that a fact that became known was stated more often, in bins, than
        one that did not (ties count half).
    """
    bounds, inside = _bins(_matched(facts, base, "exposures"))
    groups = np.column_stack([inside, np.ones(len(base), np.int8)])
    tables = {**({} if retest is None else {RETEST: [retest]}), **later}
    known = [_is_known(table) for seeds in tables.values() for table in seeds]
    ends = np.cumsum([len(seeds) for seeds in tables.values()])[:-1]
    parts = []
    for category in OUT_OF_REACH:
        chosen = groups * (base["category"] == category).to_numpy(np.int8)[:, None]
        sizes, hits = _count(chosen, np.column_stack(known), bootstrap)
        for name, inside in zip(tables, np.split(hits, ends, axis=-1), strict=True):
            floor = None if retest is None or name == RETEST else hits[..., 0]
            part = _became_known(sizes, inside, floor, bootstrap)
            part[BIN] = pd.DataFrame([*bounds, (None, None)], dtype="Int64")
            parts.append(part.assign(category=category, checkpoint=name, seeds=inside.shape[-1]))
    columns = ["category", "checkpoint", *BIN, "questions", "seeds", "known", *SHARE, "floor", *EXCESS, *AREA]
    return pd.concat(parts, ignore_index=True)[columns]


def _count(groups: np.ndarray, outcomes: np.ndarray, bootstrap: Bootstrap) -> tuple[np.ndarray, np.ndarray]:
    """Count questions and outcomes by group, in the sample and in every draw.

    Args:
        groups: 0/1, shape (questions, groups).
        outcomes: 0/1, shape (questions, outcomes).
        bootstrap: how to resample.

    Returns:
        Shapes (1 + draws, groups) and (1 + draws, groups, outcomes).
    """
    measures = np.column_stack([np.ones(len(groups), np.int8), outcomes])
    crossed = groups[:, :, None] * measures[:, None, :]
    counts = bootstrap.questions(crossed.reshape(len(groups), -1)).reshape(-1, *crossed.shape[1:])
    return counts[..., 0], counts[..., 1:]


def _became_known(sizes: np.ndarray, hits: np.ndarray, floor: np.ndarray | None, bootstrap: Bootstrap) -> pd.DataFrame:
    """Estimate the share of known questions in each group, one row a group; the last group holds all others.

    Args:
        sizes: questions, shape (1 + draws, groups).
        hits: those known, shape (1 + draws, groups, seeds).
        floor: those known at the retest, shape (1 + draws, groups), or None.
        bootstrap: how to resample.
    """
    mean = seed_folds(hits[..., None])[..., 0]
    table = pd.DataFrame({"questions": sizes[0].astype(int), "known": mean[0, 0]})
    table[SHARE] = np.column_stack(bootstrap.seeds_interval(ratio(mean, sizes), WITHIN))
    table[["floor", *EXCESS]] = np.nan
    if floor is not None:
        excess = bootstrap.seeds_interval(ratio(mean - floor, sizes), (-1, 1))
        table[["floor", *EXCESS]] = np.column_stack([ratio(floor[0], sizes[0]), *excess])
    order = concordance(mean[..., :-1], (sizes - mean)[..., :-1])
    table.loc[len(table) - 1, AREA] = np.ravel(bootstrap.seeds_interval(order[..., None], WITHIN))
    return table.round(12)  # a bound of 0 is off by the last bit


def concordance(hits: np.ndarray, misses: np.ndarray) -> np.ndarray:
    """Give the chance that a hit stands in a higher group than a miss, where a tie counts half.

    The area under the ROC curve, and Mann and Whitney's U as a share of all pairs; Somers' D is twice it less one.

    Args:
        hits: counts by group, shape (..., groups), in ascending order.
        misses: the same of misses.

    Returns:
        Shape (...), NaN where there are no hits or no misses.
    """
    below = np.cumsum(misses, axis=-1) - misses / 2
    return ratio((hits * below).sum(axis=-1), hits.sum(axis=-1) * misses.sum(axis=-1))


def _bins(exposures: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Sort facts into bins 0, 1, 2-3, 4-7, ...: bounds inside each, and 0/1 of shape (facts, bins).

    The last bin takes in those above it, as far as it needs to hold ``FEW`` facts.
    """
    powers = np.frexp(exposures)[1]  # 0 -> 0, 1 -> 1, 2..3 -> 2, 4..7 -> 3
    from_top = np.bincount(powers)[::-1].cumsum()[::-1]
    places = powers.clip(max=np.flatnonzero(from_top >= min(FEW, len(powers)))[-1])
    filled = np.unique(places)
    ends = zip(filled.tolist(), [*filled[:-1].tolist(), int(powers.max())], strict=True)
    bounds = [(2 ** (first - 1) if first else 0, 2**last - 1) for first, last in ends]
    return bounds, (places[:, None] == filled).astype(np.int8)


def _wilson(hits: np.ndarray, trials: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give shares with Wilson's interval, which a count of 0 or of all does not shrink to a point; NaN without trials.

    Args:
        hits: whole numbers.
        trials: whole numbers, of the same shape or one that is stretched to it.
        confidence: of the interval.
    """
    hits, trials = np.broadcast_arrays(hits, trials)
    bounds = np.full((hits.size, 2), np.nan)
    for place, (hit, trial) in enumerate(zip(hits.ravel(), trials.ravel(), strict=True)):
        if trial:
            bounds[place] = binomtest(int(hit), int(trial)).proportion_ci(confidence, method="wilson")
    low, high = bounds.T.reshape(2, *hits.shape)
    return ratio(hits, trials), low, high


def _is_known(known: pd.DataFrame) -> np.ndarray:
    return (known["category"].cat.codes.to_numpy() < KNOWN).astype(np.int8)


def _matched(table: pd.DataFrame, known: pd.DataFrame, column: str) -> np.ndarray:
    """Look up what the world says of the fact that each labelled question asks for, as whole numbers."""
    found = known["id"].map(table.set_index("id")[column])
    if found.isna().any():
        odd = known["id"][found.isna()]
        raise UserError(
            f"{len(odd)} labelled questions, {odd.iloc[0]} for one, ask for no fact of the simulated world: remove "
            "world/ and run again"
        )
    return found.to_numpy(dtype=np.int64)
