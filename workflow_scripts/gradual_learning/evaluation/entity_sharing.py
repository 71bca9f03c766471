"""Whether upgraded questions share entities with trained ones more often than by chance.

Li et al. 2024, table 5, count how many upgraded questions are linked to trained ones by an entity, without a reference
for chance. Here the same count is compared with its permutation null: the upgrades are permuted among questions of the
same relation and the same category at base.

Gains of accuracy are split in the same way: which part of them lies on test questions whose answer is a trained one.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import random_table

from gradual_learning.data.question import folded
from gradual_learning.evaluation.bootstrap import Bootstrap, jackknife_means
from gradual_learning.evaluation.checkpoints import align_seeds
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.knowledge.normalization import normalize

ENTITIES = ("answer", "subject")
COLUMNS = ["entity", "seeds", "questions", "upgraded", "share", "null_share", "null_low", "null_high", "p"]
GAIN_COLUMNS = ["baseline", "strategy", "answer", "questions", "seeds", "difference", "low", "high"]
GAIN_COLUMNS += ["contribution", "contribution_low", "contribution_high", "share", "share_low", "share_high"]
TRAINED, UNTRAINED = "trained", "not trained"  # column `answer`


def entity_sharing(
    questions: pd.DataFrame,
    base: pd.DataFrame,
    later: Sequence[pd.DataFrame],
    trained: Sequence[Iterable[str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate the share of upgraded questions that share an entity with a trained one, and its null distribution.

    A question is upgraded if no stage trains on it and its category is better than at base. Under the null hypothesis,
    upgrades are independent of entities. The upgrades of all seeds are permuted together, which keeps their similarity,
    among questions that have the same relation and category at base and are trained on in the same seeds.

    Args:
        questions: columns of ``schemas.QUESTIONS``; at least the trained ones and those in ``base``.
        base: categories of a split's questions under the base model.
        later: categories of the same questions in the same order at the end of a chain of stages, one table per seed.
        trained: ids of all questions that the chain trains on, one collection per seed.
        bootstrap: number of permutations, their seed, and the level of the interval.

    Returns:
        entity (``answer``: an accepted answer of the same relation, normalized; ``subject``), seeds, questions (neither
        trained on nor HighlyKnown at base), upgraded, share (these three are means over seeds), null_share, null_low,
        null_high and the two-sided p-value of the permutation test. Entities that no question shares have no row.
    """
    untrained = np.column_stack([~base["id"].isin(list(ids)) for ids in trained])
    category = base["category"].cat.codes.to_numpy()
    upgraded = np.column_stack([table["category"].cat.codes.to_numpy() < category for table in later]) & untrained
    strata = pd.DataFrame(untrained).assign(relation=base["relation"], category=category)
    groups = list(strata.groupby(list(strata.columns), sort=True).indices.values())
    counts = [(untrained & (category > 0)[:, None]).sum(axis=0).mean(), upgraded.sum(axis=0).mean()]
    rows: list[tuple] = []
    for entity in ENTITIES:
        sharing = _shares_entity(_entities(questions, entity), base["id"], trained) & untrained
        if sharing.any() and upgraded.any():
            share = np.nanmean(ratio((upgraded & sharing).sum(axis=0), upgraded.sum(axis=0)))
            null = permuted_sums(upgraded * _seed_weights(upgraded), sharing, groups, bootstrap)
            rows.append((entity, len(later), *counts, share, *_against_null(share, null, bootstrap)))
    return pd.DataFrame(rows, columns=COLUMNS)


def gains_by_answer(
    questions: pd.DataFrame,
    ids: pd.Series,
    answers: Mapping[str, np.ndarray],
    trained: Mapping[str, Sequence[Iterable[str]]],
    pairs: Sequence[Sequence[str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Split the difference of accuracy of each pair by whether an answer is one that the strategy trains on.

    Args:
        questions: columns of ``schemas.QUESTIONS``; at least the trained ones and those in ``ids``.
        ids: the test questions, sorted.
        answers: for each strategy which of them are answered correctly, bool, shape (questions, seeds).
        trained: ids of all questions that each strategy trains on, one collection per seed.
        pairs: (baseline, strategy).
        bootstrap: resampling of questions and seeds.

    Returns:
        baseline, strategy, answer (``trained``: an accepted answer is that of a question of the same relation that the
        strategy trains on), questions (a mean over seeds), seeds, difference (of the accuracy on these questions), low,
        high, contribution (to the difference on all questions: both add up to it), contribution_low,
        contribution_high, share (contribution / difference on all questions), share_low, share_high. The share is empty
        where the interval of the difference on all questions includes 0.
    """
    entities, aligned, parts = _entities(questions, "answer"), align_seeds(answers), []
    for baseline, strategy in pairs:
        seeds = max(answers[baseline].shape[1], answers[strategy].shape[1])
        linked = _shares_entity(entities, ids, trained.get(strategy, [()] * seeds))  # none for the base model
        gain = aligned[strategy][:, :seeds].astype(np.int8) - aligned[baseline][:, :seeds].astype(np.int8)
        parts.append(np.stack([gain * linked, linked, gain * ~linked, ~linked], axis=-1).reshape(len(ids), -1))
    ends = np.cumsum([part.shape[1] for part in parts])[:-1]
    sums = np.split(bootstrap.question_sums(np.hstack(parts)), ends, axis=1) if parts else []
    rows: list[tuple] = []
    for (baseline, strategy), own in zip(pairs, sums, strict=True):
        mean = jackknife_means(own.reshape(len(own), -1, 4)).reshape(-1, len(own), 2, 2)
        rows += [(baseline, strategy, *row) for row in _split_gains(mean, len(ids), own.shape[1] // 4, bootstrap)]
    return pd.DataFrame(rows, columns=GAIN_COLUMNS)


def _split_gains(mean: np.ndarray, questions: int, seeds: int, bootstrap: Bootstrap) -> list[tuple]:
    """Return the columns of :data:`GAIN_COLUMNS` from ``answer`` on, for trained and for other answers.

    Args:
        mean: answers gained, and questions, of both groups, shape (folds, rows, groups, 2).
        questions: in both groups.
        seeds: number of seeds.
        bootstrap: resampling of questions and seeds.
    """
    gains, sizes = np.moveaxis(mean, -1, 0)
    total = gains.sum(axis=-1, keepdims=True)
    _, low, high = bootstrap.interval_over_seeds(total)
    shares = ratio(gains, total if low > 0 or high < 0 else 0)
    statistics = ratio(gains, sizes), gains / questions, shares
    columns = np.hstack([np.stack(bootstrap.interval_over_seeds(values), axis=-1) for values in statistics]).round(12)
    return [
        (name, size, seeds, *row) for name, size, row in zip((TRAINED, UNTRAINED), sizes[0, 0], columns, strict=True)
    ]


def _seed_weights(upgraded: np.ndarray) -> np.ndarray:
    """Compute the weight of one upgraded question of each seed in the mean share over seeds."""
    counts = upgraded.sum(axis=0)
    return np.nan_to_num(ratio(1, counts)) / (counts > 0).sum()


def _against_null(share: float, null: np.ndarray, bootstrap: Bootstrap) -> tuple[float, float, float, float]:
    """Compute the mean and interval of the null distribution and the two-sided p-value of the observed share."""
    slack = 1e-9  # equal shares that were summed in another order
    as_extreme = min((null >= share - slack).sum(), (null <= share + slack).sum())
    p_value = min(1.0, 2 * (as_extreme + 1) / (len(null) + 1))
    low, high = np.quantile(null, [bootstrap.tail, 1 - bootstrap.tail])
    return float(null.mean()), float(low), float(high), p_value


def permuted_sums(
    left: np.ndarray, right: np.ndarray, groups: Sequence[np.ndarray], bootstrap: Bootstrap
) -> np.ndarray:
    """Draw the sum of the products of two arrays while the rows of one are permuted within groups.

    Only the number of pairs of each kind of rows matters, so a random table with the same margins replaces a
    permutation.

    Args:
        left: shape (questions, columns), with few distinct rows.
        right: the same.
        groups: positions of the questions that are exchangeable.
        bootstrap: number of permutations, and their seed.

    Returns:
        The sums, shape (resamples,).
    """
    generator = np.random.default_rng([bootstrap.seed, 2])
    total = np.zeros(bootstrap.resamples)
    for places in groups:
        rows, row_counts = np.unique(left[places], axis=0, return_counts=True)
        columns, column_counts = np.unique(right[places], axis=0, return_counts=True)
        products = rows @ columns.T
        if products.any():
            # the other method of scipy 1.17 does not fill a table of a single row or column
            margins = random_table(row_counts, column_counts)
            tables = margins.rvs(bootstrap.resamples, method="boyett", random_state=generator)
            total += (tables * products).sum(axis=(1, 2))
    return total


def _entities(questions: pd.DataFrame, entity: str) -> pd.Series:
    """List the entities of each question, indexed by id: one row per entity."""
    if entity == "answer":
        answers = questions.explode("answers")
        values = answers["relation"] + "\n" + answers["answers"].map(normalize)
        return pd.Series(values.to_numpy(), index=answers["id"])
    named = questions.dropna(subset=["subject"])
    return pd.Series(named["subject"].map(folded).to_numpy(), index=named["id"])


def _shares_entity(entities: pd.Series, ids: pd.Series, trained: Sequence[Iterable[str]]) -> np.ndarray:
    """Find the questions that share an entity with a trained one, for each seed: bool, shape (questions, seeds)."""
    columns = []
    for chosen in trained:
        of_trained = entities[entities.index.isin(list(chosen))]
        linked = entities[entities.isin(of_trained)].index
        columns.append(ids.isin(linked).to_numpy())
    return np.column_stack(columns)
