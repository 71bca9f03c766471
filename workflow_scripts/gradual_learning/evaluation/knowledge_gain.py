"""Knowledge gained: HighlyKnown questions under the base model, after the first and after the last stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap, jackknife_means
from gradual_learning.evaluation.statistics import ratio

COUNTS = ["highly_known_base", "highly_known_first", "highly_known_final"]
COLUMNS = [
    "strategy",
    "questions",
    "seeds",
    *(f"{count}{bound}" for count in COUNTS for bound in ("", "_low", "_high")),
]
COLUMNS += ["relative", "low", "high", "incremental", "incremental_low", "incremental_high", "reason"]
COLUMNS += ["highly_known_relabel"]


def knowledge_gain(
    base: np.ndarray,
    strategies: Mapping[str, tuple[np.ndarray, np.ndarray]],
    bootstrap: Bootstrap,
    relabel: np.ndarray | None = None,
) -> pd.DataFrame:
    """Tabulate the knowledge that further stages add to the first stage (Li et al. 2024, table 10).

    With HK0, HK1 and HK2 HighlyKnown questions under the base model, after the first stage and after the last stage,
    the published gain of 24 % can be read in two ways: ``relative`` = HK2/HK1 - 1 and ``incremental`` =
    (HK2-HK0)/(HK1-HK0) - 1. The second is left empty, with a reason, where the interval of HK1-HK0 includes 0.

    Args:
        base: which questions are HighlyKnown under the base model, 0/1, shape (questions,).
        strategies: for each strategy the same after the first and after the last stage, shape (questions, seeds).
        bootstrap: resampling of questions and seeds.
        relabel: the same when the base model was labeled a second time. Its number, ``highly_known_relabel``, compared
            with HK0, shows the change due to label noise alone.

    Returns:
        strategy, questions, seeds, the three counts, ``relative`` (with low and high) and ``incremental``, each with
        its interval, reason, and highly_known_relabel.
    """
    rows = [{"strategy": name, **_gain(base, *pair, bootstrap)} for name, pair in strategies.items()]
    return pd.DataFrame(rows, columns=COLUMNS).assign(highly_known_relabel=None if relabel is None else relabel.sum())


def _gain(base: np.ndarray, first: np.ndarray, final: np.ndarray, bootstrap: Bootstrap) -> dict[str, Any]:
    seeds = first.shape[1]
    sums = bootstrap.question_sums(np.hstack([base[:, None], first, final]).astype(np.int8))
    hk1, hk2 = np.moveaxis(jackknife_means(sums[:, 1:].reshape(len(sums), 2, seeds, 1))[..., 0], -1, 0)
    hk0 = np.broadcast_to(sums[:, 0], hk1.shape)
    row: dict[str, Any] = {"questions": len(base), "seeds": seeds}
    for name, count in zip(COUNTS, (hk0, hk1, hk2), strict=True):
        row |= _named(bootstrap.interval_over_seeds(count), name, f"{name}_low", f"{name}_high")
    row |= _named(bootstrap.interval_over_seeds(ratio(hk2, hk1) - 1), "relative", "low", "high")
    return row | _incremental(hk0, hk1, hk2, bootstrap)


def _incremental(hk0: np.ndarray, hk1: np.ndarray, hk2: np.ndarray, bootstrap: Bootstrap) -> dict[str, Any]:
    names = "incremental", "incremental_low", "incremental_high"
    _, low, high = bootstrap.interval_over_seeds(hk1 - hk0)
    if not (low > 0 or high < 0):
        return dict.fromkeys(names, np.nan) | {"reason": f"HK1 - HK0 may be 0 ({low:.1f} to {high:.1f})"}
    interval = bootstrap.interval_over_seeds(ratio(hk2 - hk0, hk1 - hk0) - 1)
    return _named(interval, *names) | {"reason": ""}


def _named(values: Sequence[Any], *names: str) -> dict[str, float]:
    return dict(zip(names, map(float, values), strict=True))
