"""Stage algebra: which questions a stage trains on, from their categories now and at base.

C(q) is the category of question q under the checkpoint that the stage starts from, C0(q) that under the base model. A
stage selects by either or both, may replay a share of another category, or takes a random sample of the size that
another stage would select: the control for quantity that the paper lacks (Li et al. 2024).
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gradual_learning.records import CATEGORIES


@dataclass(frozen=True)
class Stage:
    """What a stage trains on.

    Attributes:
        now: categories under the parent checkpoint; empty: any.
        at_base: categories under the base model; empty: any.
        replay: by category now, how many further questions as a share of those selected.
        random_from: for a size-matched control, the categories now to draw from; then ``now`` and ``at_base`` are
            empty.
    """

    now: tuple[str, ...] = ()
    at_base: tuple[str, ...] = ()
    replay: tuple[tuple[str, float], ...] = ()
    random_from: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, spec: dict) -> "Stage":
        """Read the selection part of a stage of the config."""
        train_on = spec.get("train_on") or {}
        return cls(
            now=tuple(train_on.get("now") or ()),
            at_base=tuple(train_on.get("at_base") or ()),
            replay=tuple(sorted((spec.get("replay") or {}).items())),
            random_from=tuple((spec.get("matched_random") or {}).get("from") or ()),
        )


def select(known: pd.DataFrame, stage: Stage, size_of: Stage | None, key: str) -> pd.DataFrame:
    """Choose the training questions of a stage.

    Args:
        known: columns id, category_now, category_at_base; one row per question.
        stage: the stage.
        size_of: the stage whose size a random control matches.
        key: seeds the random draws; equal keys draw equal questions in whatever order they stand.

    Returns:
        Columns id, role (``selected``, ``replay`` or ``matched_random``), category_now, category_at_base; sorted by id.
    """
    known = known.sort_values("id").reset_index(drop=True)
    if stage.random_from:
        size = len(_matching(known, size_of))
        pool = known[known["category_now"].isin(stage.random_from)]
        chosen = _draw(pool, size, f"{key}/matched_random").assign(role="matched_random")
    else:
        chosen = _matching(known, stage).assign(role="selected")
    left = known[~known["id"].isin(chosen["id"])]
    replays = [
        _draw(left[left["category_now"] == category], round(ratio * len(chosen)), f"{key}/replay/{category}")
        for category, ratio in stage.replay
    ]
    parts = [chosen, *(replay.assign(role="replay") for replay in replays)]
    return pd.concat(parts)[["id", "role", "category_now", "category_at_base"]].sort_values("id", ignore_index=True)


def _matching(known: pd.DataFrame, stage: Stage) -> pd.DataFrame:
    mask = pd.Series(True, index=known.index)
    if stage.now:
        mask &= known["category_now"].isin(stage.now)
    if stage.at_base:
        mask &= known["category_at_base"].isin(stage.at_base)
    return known[mask]


def _draw(pool: pd.DataFrame, size: int, key: str) -> pd.DataFrame:
    """Draw without replacement; a pool that is too small is taken whole."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    order = np.random.default_rng(seed).permutation(len(pool))
    return pool.iloc[np.sort(order[:size])]


def formula(stage: Stage, size_of: Stage | None = None) -> str:
    """Write what a stage trains on as one line of set algebra."""
    if stage.random_from:
        same = _conditions(size_of) if size_of else "?"
        selected = f"D = a random {{q : C(q) in {_set(stage.random_from)}}} with |D| = |{{q : {same}}}|"
    else:
        selected = f"D = {{q : {_conditions(stage)}}}"
    replays = [f"R_{name} a random {ratio:g} |D| of {{q not in D : C(q) = {name}}}" for name, ratio in stage.replay]
    union = " + ".join(["D", *(f"R_{name}" for name, _ in stage.replay)])
    return "; ".join([f"train on {union}", selected, *replays])


def _conditions(stage: Stage) -> str:
    parts = [f"C(q) in {_set(stage.now)}"] if stage.now else []
    parts += [f"C0(q) in {_set(stage.at_base)}"] if stage.at_base else []
    return " and ".join(parts) or "all q"


def _set(names: tuple[str, ...]) -> str:
    return "{" + ", ".join(names) + "}"


def describe(chosen: pd.DataFrame, checkpoint: str, line: str) -> str:
    """Write the page that goes with a training file: the set formula and how many questions of which kind.

    Args:
        chosen: what :func:`select` returned.
        checkpoint: the name of the checkpoint that will be trained.
        line: the formula.
    """
    counts = chosen.groupby(["role", "category_at_base", "category_now"]).size()
    order = {name: place for place, name in enumerate(CATEGORIES)}
    rows = sorted(counts.items(), key=lambda item: (item[0][0] == "replay", order[item[0][1]], order[item[0][2]]))
    table = "\n".join(f"| {role} | {base} | {now} | {count} |" for (role, base, now), count in rows)
    empty = "" if len(chosen) else "\nNo question qualifies: the stage passes its parent through unchanged.\n"
    return (
        f"{line}\n\n`{checkpoint}` trains on {len(chosen)} questions. C is the category under the parent checkpoint, "
        f"C0 that under the base model.\n{empty}\n"
        f"| role | category at base | category now | questions |\n|---|---|---|---|\n{table}\n"
    )
