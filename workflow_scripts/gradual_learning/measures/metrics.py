"""Accuracy, forgetting and knowledge gained, each with its interval: DESIGN's definitions as tables."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.measures.runs import BASE, FEW_SHOT, FULL, NO_EPOCH
from gradual_learning.measures.statistics import Bootstrap, combine, holm, mcnemar, ratio, seed_folds
from gradual_learning.records import CATEGORIES

GROUPS = [FULL, *CATEGORIES]
SHARE = (0, 1)
ACCURACY = ["strategy", "epoch", "category", "questions", "seeds", "accuracy", "low", "high"]
COMPARISON = ["baseline", "strategy", "category", "questions", "seeds", "difference", "low", "high", "mde"]
COMPARISON += ["gained", "lost", "mcnemar_p", "worst_seed", "best_seed"]
GAIN = ["strategy", "questions", "seeds"]
GAIN += [f"{count}{end}" for count in ("hk_base", "hk_first", "hk_final") for end in ("", "_low", "_high")]
GAIN += ["relative", "low", "high", "incremental", "inc_low", "inc_high", "reason", "hk_retest"]


def accuracy(member: np.ndarray, answers: Mapping[tuple[str, str], np.ndarray], bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate accuracy in full and by category at base.

    Args:
        member: category of each question at base, 0/1, shape (questions, 4).
        answers: for each (strategy, epoch) which questions were answered right, bool, shape (questions, seeds).
        bootstrap: how to resample.

    Returns:
        One row for each strategy, epoch and group: questions, seeds, accuracy, low, high.

    Raises:
        ValueError: the full accuracy is not the count-weighted mean of the four.
    """
    groups = np.hstack([np.ones((len(member), 1), np.int8), member])
    correct, sizes = group_sums(groups, list(answers.values()), bootstrap)
    rows = []
    for (strategy, epoch), sums in zip(answers, correct, strict=True):
        interval = bootstrap.seeds_interval(ratio(seed_folds(sums), sizes), SHARE)
        for group, questions, *values in zip(GROUPS, sizes[0], *interval, strict=True):
            seeds = answers[strategy, epoch].shape[1]
            rows.append((strategy, epoch, group, int(questions), seeds, *values))
    table = pd.DataFrame(rows, columns=ACCURACY)
    check_full(table)
    return table


def few_shot(known: pd.DataFrame, member: np.ndarray, bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate the base model's few-shot accuracy: the mean over questions and exemplar sets of right greedy answers.

    Args:
        known: categories of the questions under the base model (records.KNOWLEDGE).
        member: category of each question at base, 0/1, shape (questions, 4).
        bootstrap: how to resample.

    Returns:
        Rows like those of :func:`accuracy`.
    """
    groups = np.hstack([np.ones((len(member), 1), np.int64), member])
    counts = [groups * known[[name]].to_numpy(dtype=np.int64) for name in ("greedy_correct", "greedy_drawn")]
    sums = bootstrap.questions(np.hstack(counts)).reshape(1 + bootstrap.draws, 2, -1)
    interval = bootstrap.interval(ratio(sums[:, 0], sums[:, 1]), SHARE)
    rows = [
        (BASE, FEW_SHOT, group, int(questions), 1, *values)
        for group, questions, *values in zip(GROUPS, groups.sum(axis=0), *interval, strict=True)
    ]
    return pd.DataFrame(rows, columns=ACCURACY)


def group_sums(
    groups: np.ndarray, answers: Sequence[np.ndarray], bootstrap: Bootstrap
) -> tuple[list[np.ndarray], np.ndarray]:
    """Sum right answers by group of questions.

    Args:
        groups: which questions belong to each group, 0/1, shape (questions, groups).
        answers: which questions were answered right, several arrays of shape (questions, seeds).
        bootstrap: how to resample.

    Returns:
        For each array the sums of each seed, (rows, seeds, groups); the sizes of the groups, (rows, groups).
    """
    columns = [groups]
    for right in answers:
        columns.extend(groups * right[:, [seed]] for seed in range(right.shape[1]))
    sums = bootstrap.questions(np.hstack(columns)).reshape(1 + bootstrap.draws, -1, groups.shape[1])
    parts = np.split(sums, np.cumsum([1, *(right.shape[1] for right in answers)])[:-1], axis=1)
    return parts[1:], sums[:, 0]


def check_full(table: pd.DataFrame, tolerance: float = 1e-9) -> None:
    """Check that the full accuracy is the count-weighted mean of the four categories.

    Raises:
        ValueError: it is not, so a question was counted twice or not at all.
    """
    for (strategy, epoch), part in table.groupby(["strategy", "epoch"], sort=False):
        part = part.set_index("category")
        four = part.loc[CATEGORIES]
        right, questions = (four["accuracy"].fillna(0) * four["questions"]).sum(), four["questions"].sum()
        full = part.loc[FULL]
        if questions != full["questions"] or abs(right - full["accuracy"] * questions) > tolerance * questions:
            raise ValueError(
                f"{strategy} ({epoch}): full accuracy {full['accuracy']:.6f} on {full['questions']} questions, but the "
                f"four categories hold {right:.3f} right of {questions}"
            )


def comparisons(
    member: np.ndarray,
    answers: Mapping[str, np.ndarray],
    pairs: Sequence[Sequence[str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Compare strategies in pairs, question by question and seed by seed.

    ``gained`` and ``lost`` count answers right only in the strategy or only in its baseline, summed over seeds.
    McNemar's exact test is made for each seed. As seeds share their questions, the p-values are combined by a rule that
    holds under any dependence (:func:`gradual_learning.measures.statistics.combine`); over all pairs those of the full
    accuracies are adjusted for their number by Holm's rule. The base model stands against every seed. ``mde`` is the
    minimum detectable effect (:meth:`gradual_learning.measures.statistics.Bootstrap.smallest_effect`).

    Args:
        member: category of each question at base, 0/1, shape (questions, 4).
        answers: for each strategy which questions were answered right, bool, shape (questions, seeds).
        pairs: (baseline, strategy).
        bootstrap: how to resample.
    """
    groups = np.hstack([np.ones((len(member), 1), np.int8), member])
    seeds = max(right.shape[1] for right in answers.values())
    spread = {name: np.broadcast_to(right, (len(right), seeds)) for name, right in answers.items()}
    named = list(dict.fromkeys(name for pair in pairs for name in pair))
    sums, sizes = group_sums(groups, [spread[name] for name in named], bootstrap)
    sums = {name: seed_folds(part) for name, part in zip(named, sums, strict=True)}
    rows = []
    for before, after in pairs:
        difference = ratio(sums[after] - sums[before], sizes)
        columns = *bootstrap.seeds_interval(difference), bootstrap.smallest_effect(difference)
        repeats = max(answers[before].shape[1], answers[after].shape[1])
        for group, inside, *values in zip(GROUPS, groups.T.astype(bool), *columns, strict=True):
            pair = spread[before][inside, :repeats], spread[after][inside, :repeats]
            rows.append((before, after, group, int(inside.sum()), repeats, *values, *_pair(*pair)))
    table = pd.DataFrame(rows, columns=COMPARISON)
    full = table["category"] == FULL
    table.loc[full, "adjusted_p"] = holm(table.loc[full, "mcnemar_p"])
    return table


def _pair(before: np.ndarray, after: np.ndarray) -> tuple[int, int, float, float, float]:
    """Gained, lost, p, and the smallest and largest difference of accuracy that a single seed shows."""
    tests = [mcnemar(before[:, seed], after[:, seed]) for seed in range(before.shape[1])]
    gained, lost, p = zip(*tests, strict=True)
    differences = ratio(np.subtract(gained, lost), len(before))
    return sum(gained), sum(lost), combine(p), differences.min(), differences.max()


def forgetting(
    highly_known: np.ndarray, answers: Mapping[tuple[str, str], np.ndarray], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate forgetting: of the questions HighlyKnown at base, the share no longer answered (zero-shot, greedy).

    Args:
        highly_known: 0/1, shape (questions,).
        answers: for each (strategy, epoch) which questions were answered right, bool, (questions, seeds); the base
            model's own failures (it was labelled few-shot, and is asked zero-shot) are the floor ``base_unanswered``.
        bootstrap: how to resample.
    """
    missed = {key: ~right for key, right in answers.items()}
    sums, sizes = group_sums(highly_known.astype(np.int8)[:, None], list(missed.values()), bootstrap)
    floor = ratio(missed[BASE, NO_EPOCH][highly_known.astype(bool)].sum(), sizes[0, 0])
    rows = []
    for (strategy, epoch), part in zip(missed, sums, strict=True):
        interval = [float(value[0]) for value in bootstrap.seeds_interval(ratio(seed_folds(part), sizes), SHARE)]
        seeds = missed[strategy, epoch].shape[1]
        rows.append((strategy, epoch, int(sizes[0, 0]), seeds, *interval, float(floor)))
    columns = ["strategy", "epoch", "highly_known", "seeds", "forgotten", "low", "high", "base_unanswered"]
    return pd.DataFrame(rows, columns=columns)


def p0_fall(base: pd.DataFrame, later: Mapping[str, Sequence[pd.DataFrame]], bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate how far the share of right greedy answers (P0) fell on questions HighlyKnown at base, where it was 1.

    Args:
        base: categories under the base model, in id order.
        later: for each strategy the categories of the same questions in the same order, one table a seed.
        bootstrap: how to resample.

    Returns:
        strategy, p0_questions, p0_fall, p0_low, p0_high (shares of answers).
    """
    known = (base["category"] == CATEGORIES[0]).to_numpy(dtype=np.int64)
    rows = []
    for strategy, tables in later.items():
        drawn = np.stack([table["greedy_drawn"] for table in tables], axis=1) * known[:, None]
        wrong = drawn - np.stack([table["greedy_correct"] for table in tables], axis=1) * known[:, None]
        sums = bootstrap.questions(np.hstack([wrong, drawn])).reshape(1 + bootstrap.draws, 2, len(tables), 1)
        mean = seed_folds(sums)[..., 0]
        interval = map(float, bootstrap.seeds_interval(ratio(mean[..., 0], mean[..., 1]), SHARE))
        rows.append((strategy, int(known.sum()), *interval))
    return pd.DataFrame(rows, columns=["strategy", "p0_questions", "p0_fall", "p0_low", "p0_high"])


def knowledge_gain(
    base: np.ndarray,
    chains: Mapping[str, tuple[np.ndarray, np.ndarray]],
    bootstrap: Bootstrap,
    retest: np.ndarray | None = None,
) -> pd.DataFrame:
    """Tabulate knowledge gained: HighlyKnown questions after all stages (HK2) against after the first (HK1).

    Both readings of the published figure (PAPER 1.3): ``relative`` = HK2/HK1 - 1 and ``incremental`` =
    (HK2-HK0)/(HK1-HK0) - 1. The second is left empty, with a reason, when the interval of HK1-HK0 holds 0.

    Args:
        base: which questions are HighlyKnown under the base model, 0/1, shape (questions,).
        chains: for each strategy the same after the first and after the last stage, shape (questions, seeds).
        bootstrap: how to resample.
        retest: the same at the second labelling of the base model: its number, ``hk_retest``, against HK0 is the change
            that label noise alone makes.
    """
    rows = [{"strategy": name, **_gain(base, *pair, bootstrap)} for name, pair in chains.items()]
    return pd.DataFrame(rows, columns=GAIN).assign(hk_retest=None if retest is None else retest.sum())


def _gain(base: np.ndarray, first: np.ndarray, final: np.ndarray, bootstrap: Bootstrap) -> dict:
    seeds = first.shape[1]
    sums = bootstrap.questions(np.hstack([base[:, None], first, final]).astype(np.int8))
    hk1, hk2 = np.moveaxis(seed_folds(sums[:, 1:].reshape(len(sums), 2, seeds, 1))[..., 0], -1, 0)
    hk0 = np.broadcast_to(sums[:, 0], hk1.shape)
    row = {"questions": len(base), "seeds": seeds}
    for name, count in {"hk_base": hk0, "hk_first": hk1, "hk_final": hk2}.items():
        row |= _named(bootstrap.seeds_interval(count), name, f"{name}_low", f"{name}_high")
    row |= _named(bootstrap.seeds_interval(ratio(hk2, hk1) - 1), "relative", "low", "high")
    _, low, high = bootstrap.seeds_interval(hk1 - hk0)
    steady = low > 0 or high < 0
    incremental = bootstrap.seeds_interval(ratio(hk2 - hk0, hk1 - hk0) - 1) if steady else (np.nan, np.nan, np.nan)
    reason = "" if steady else f"HK1 - HK0 may be 0 ({low:.1f} to {high:.1f})"
    return row | _named(incremental, "incremental", "inc_low", "inc_high") | {"reason": reason}


def _named(values: Sequence[np.ndarray], *names: str) -> dict[str, float]:
    return dict(zip(names, map(float, values), strict=True))
