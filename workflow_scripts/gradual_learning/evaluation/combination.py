"""Combines the effects of several runs: a random-effects model for each measure and comparison."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.effects import Pairs
from gradual_learning.evaluation.meta_analysis import pool
from gradual_learning.evaluation.runs import Run
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import ACCURACY, FORGETTING, MEASURES, POOLED

KEYS = ["measure", "baseline", "strategy", "run"]
EFFECTS = ["effect", "low", "high", "prediction_low", "prediction_high"]
COLUMNS = [*KEYS, "questions", "seeds", "runs", *EFFECTS, "error", "weight", "tau", "tau_low", "tau_high", "i2"]
COLUMNS += ["seed_error", "question_error", "differs"]
DIFFERENCES = (ACCURACY, FORGETTING)  # the other measures are relative, estimated on a logarithmic scale


def combination(runs: Sequence[Run], pairs: Pairs, confidence: float, notes: Mapping[str, str]) -> pd.DataFrame:
    """Combine runs.

    Args:
        runs: two or more.
        pairs: the comparisons (baseline, strategy) to combine.
        confidence: coverage of all intervals.
        notes: for each run in what it differs from the first one.

    Returns:
        For each measure and comparison one row per run, and one of all runs (``POOLED``): effect, low, high (intervals
        of a run as in its own tables), error (its standard error), weight, differs. The row of all runs has in addition
        runs (how many were combined), prediction_low and prediction_high, tau with its interval, i2, and seed_error and
        question_error as a quadratic mean over runs. Effects and their bounds are differences of shares, or relative
        changes; all errors and tau are on the scale of the estimation, which for relative changes is logarithmic.
    """
    tables = [run.effects.assign(run=run.name, differs=notes[run.name]) for run in runs]
    effects = pd.concat(tables, ignore_index=True)
    order = [run.name for run in runs]
    blocks = [
        block for measure in MEASURES for pair in pairs for block in _block(effects, measure, pair, order, confidence)
    ]
    table = pd.concat(blocks, ignore_index=True).reindex(columns=COLUMNS)
    relative = ~table["measure"].isin(DIFFERENCES)
    table.loc[relative, EFFECTS] = np.expm1(table.loc[relative, EFFECTS])
    return table.astype(dict.fromkeys(("questions", "seeds", "runs"), "Int64"))


def _block(
    effects: pd.DataFrame, measure: str, pair: Sequence[str], order: Sequence[str], confidence: float
) -> Iterator[pd.DataFrame]:
    """Yield the rows of one comparison, unless no run has this measure of it; runs without it have an empty row."""
    keys = {"measure": measure, "baseline": pair[0], "strategy": pair[1]}
    found = effects[(effects[list(keys)] == pd.Series(keys)).all(axis=1)]
    if found.empty:
        return
    part = found.set_index("run").reindex(order).assign(**keys).rename_axis("run").reset_index()
    part["seed_error"] = np.sqrt(_mean_seed_variance(part) / part["seeds"])
    # equal answers of both strategies show no variance; such a run would outweigh all others
    part["question_error"] = part["question_error"].replace(0, part["question_error"].max())
    part["error"] = np.hypot(part["seed_error"], part["question_error"])
    defined = part["effect"].notna() & part["error"].notna()
    row = {**keys, "run": POOLED, "runs": int(defined.sum())}
    if defined.sum() > 1:
        pooled = pool(part.loc[defined, "effect"].to_numpy(), part.loc[defined, "error"].to_numpy(), confidence)
        part.loc[defined, "weight"] = pooled.weights
        row |= {name: value for name, value in vars(pooled).items() if name not in ("estimate", "weights")}
        row["effect"] = pooled.estimate
        row |= {name: np.sqrt((part[name] ** 2).mean()) for name in ("seed_error", "question_error")}
    yield from (part, pd.DataFrame([row]))


def _mean_seed_variance(part: pd.DataFrame) -> float:
    """Average the variance of a single seed over the runs, weighted by degrees of freedom.

    Two seeds alone estimate it so badly that weights and intervals of the combination would suffer. It is 0 where all
    runs have one seed.
    """
    freedom = (part["seeds"] - 1).where(part["seed_error"].notna(), 0)
    variances = part["seed_error"] ** 2 * part["seeds"]
    return float(np.nan_to_num(ratio((variances * freedom).sum(), freedom.sum())))
