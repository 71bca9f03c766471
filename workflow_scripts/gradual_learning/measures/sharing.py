"""Whether what became known shares entities with what was trained on, more often than chance would have it.

Li et al. 2024 (their table 5) count how many upgraded questions are linked by an entity to trained ones, without saying
how many would be by chance. Here the same count stands beside its permutation null: who was upgraded is dealt out
anew among questions of the same relation and the same category at base.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import random_table

from gradual_learning.answers import normalise
from gradual_learning.hygiene import folded
from gradual_learning.measures.statistics import Bootstrap, ratio

ENTITIES = ("answer", "subject")
COLUMNS = ["entity", "seeds", "questions", "upgraded", "share", "null_share", "null_low", "null_high", "p"]


def sharing(
    questions: pd.DataFrame,
    base: pd.DataFrame,
    later: Sequence[pd.DataFrame],
    trained: Sequence[Iterable[str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate the share of upgraded questions that share an entity with a trained one, and what chance gives.

    Upgraded is a question that no stage trained on and whose category is better than at base. Under the null hypothesis
    its upgrade has nothing to do with the entity: the upgrades (of all seeds together, so that these stay as alike as
    they are) are permuted among questions of the same relation, the same category at base and trained on in the same
    seeds.

    Args:
        questions: records.QUESTIONS; those trained on and those in ``base``, at least.
        base: categories of a split's questions under the base model.
        later: categories of the same questions in the same order at the end of a chain of stages, one table a seed.
        trained: ids of all questions that the chain trained on, one collection a seed.
        bootstrap: number of permutations, seed, and level of the interval.

    Returns:
        entity (``answer``: an accepted answer of the same relation, normalised; ``subject``), seeds, questions (not
        trained on, and not HighlyKnown at base), upgraded, share (these four are means over seeds), null_share,
        null_low, null_high and the two-sided p of the permutation test. Entities that no question shares are left out.
    """
    untrained = np.column_stack([~base["id"].isin(list(ids)) for ids in trained])
    place = base["category"].cat.codes.to_numpy()
    better = np.column_stack([table["category"].cat.codes.to_numpy() < place for table in later]) & untrained
    strata = pd.DataFrame(untrained).assign(relation=base["relation"], category=place)
    groups = list(strata.groupby(list(strata.columns), sort=True).indices.values())
    counts = [(untrained & (place > 0)[:, None]).sum(axis=0).mean(), better.sum(axis=0).mean()]
    rows = []
    for entity in ENTITIES:
        shared = _shared(_entities(questions, entity), base["id"], trained) & untrained
        if shared.any() and better.any():
            share = ratio((better & shared).sum(axis=0), better.sum(axis=0))
            drawn = permuted(better * _weights(better), shared, groups, bootstrap)
            rows.append(
                (entity, len(later), *counts, np.nanmean(share), *_against(np.nanmean(share), drawn, bootstrap))
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _weights(better: np.ndarray) -> np.ndarray:
    """Give each seed the weight with which one of its upgraded questions enters the mean share over seeds."""
    upgraded = better.sum(axis=0)
    return np.nan_to_num(ratio(1, upgraded)) / (upgraded > 0).sum()


def _against(share: float, drawn: np.ndarray, bootstrap: Bootstrap) -> tuple[float, float, float, float]:
    """Give mean and interval of the null distribution, and the two-sided p of the observed share."""
    tail = (1 - bootstrap.confidence) / 2
    slack = 1e-9  # equal shares that were summed in another order
    as_far = min((drawn >= share - slack).sum(), (drawn <= share + slack).sum())
    p = min(1.0, 2 * (as_far + 1) / (len(drawn) + 1))
    return (float(drawn.mean()), *map(float, np.quantile(drawn, [tail, 1 - tail])), p)


def permuted(left: np.ndarray, right: np.ndarray, groups: Sequence[np.ndarray], bootstrap: Bootstrap) -> np.ndarray:
    """Draw the sum of the products of two arrays while the rows of one are permuted within groups.

    Only how many rows of one kind meet how many of the other matters, so that a random table with the same margins
    stands for a permutation.

    Args:
        left: shape (questions, columns), of few different rows.
        right: the same.
        groups: places of the questions that may be exchanged.
        bootstrap: number of draws, and their seed.

    Returns:
        The sums, shape (draws,).
    """
    generator = np.random.default_rng([bootstrap.seed, 2])
    total = np.zeros(bootstrap.draws)
    for places in groups:
        rows, row_counts = np.unique(left[places], axis=0, return_counts=True)
        columns, column_counts = np.unique(right[places], axis=0, return_counts=True)
        worth = rows @ columns.T
        if worth.any():
            # the other method of scipy 1.17 leaves a table of a single row or column unset
            margins = random_table(row_counts, column_counts)
            tables = margins.rvs(bootstrap.draws, method="boyett", random_state=generator)
            total += (tables * worth).sum(axis=(1, 2))
    return total


def _entities(questions: pd.DataFrame, entity: str) -> pd.Series:
    """List what each question may share, by id: one row an entity."""
    if entity == "answer":
        answers = questions.explode("answers")
        values = answers["relation"] + "\n" + answers["answers"].map(normalise)
        return pd.Series(values.to_numpy(), index=answers["id"])
    named = questions.dropna(subset=["subject"])
    return pd.Series(named["subject"].map(folded).to_numpy(), index=named["id"])


def _shared(entities: pd.Series, ids: pd.Series, trained: Sequence[Iterable[str]]) -> np.ndarray:
    """Tell of each question and seed whether a trained question has one of its entities: bool, (questions, seeds)."""
    found = []
    for chosen in trained:
        known = entities[entities.index.isin(list(chosen))]
        linked = entities[entities.isin(known)].index
        found.append(ids.isin(linked).to_numpy())
    return np.column_stack(found)
