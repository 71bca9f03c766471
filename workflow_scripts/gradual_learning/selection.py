"""Stage algebra: which questions a stage trains on, from their categories now and at base.

C(q) is the category of question q under the checkpoint that the stage starts from, C0(q) that under the base model. A
stage selects by either or both, balanced over relations if it says so (the arms of Gekhman et al. 2024), may add random
questions by the size of what another stage selects (the control for quantity that Li et al. 2024 lacks), and may replay
a share of further categories.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gradual_learning.records import CATEGORIES

ROLES = ["selected", "matched_random", "replay"]
BALANCE = "B(X): of each relation at random at most as many q of X as its smallest category by C holds"


@dataclass(frozen=True)
class Stage:
    """What a stage trains on.

    Attributes:
        now: categories under the parent checkpoint; empty: any.
        at_base: categories under the base model; empty: any. Where both are empty the stage selects nothing.
        balanced: keep of each relation at most as many of the selected as its smallest category now holds.
        random_from: the categories now from which random questions are added; empty: none are.
        random_ratio: how many, as a ratio of what another stage selects.
        replay: by category now, how many further questions as a share of those selected and added.
    """

    now: tuple[str, ...] = ()
    at_base: tuple[str, ...] = ()
    balanced: bool = False
    random_from: tuple[str, ...] = ()
    random_ratio: float = 1
    replay: tuple[tuple[str, float], ...] = ()

    @classmethod
    def from_config(cls, spec: dict) -> "Stage":
        """Read the selection part of a stage of the config."""
        train_on, random = spec.get("train_on") or {}, spec.get("matched_random") or {}
        return cls(
            now=tuple(train_on.get("now") or ()),
            at_base=tuple(train_on.get("at_base") or ()),
            balanced=train_on.get("balanced", False),
            random_from=tuple(random.get("from") or ()),
            random_ratio=random.get("ratio", 1),
            replay=tuple(sorted((spec.get("replay") or {}).items())),
        )

    @property
    def selects(self) -> bool:
        """Whether the stage names categories, so that it takes more than random questions."""
        return bool(self.now or self.at_base)


def select(known: pd.DataFrame, stage: Stage, size_of: Stage | None, key: str) -> pd.DataFrame:
    """Choose the training questions of a stage.

    Args:
        known: columns id, relation, category_now, category_at_base; one row per question.
        stage: the stage.
        size_of: the stage by whose selection the number of random questions is measured.
        key: seeds the random draws; equal keys draw equal questions in whatever order they stand.

    Returns:
        Columns id, role (one of :data:`ROLES`), category_now, category_at_base; sorted by id.
    """
    known = known.sort_values("id", ignore_index=True)
    parts = [_selected(known, stage, key).assign(role="selected")]

    def add(categories: tuple[str, ...], size: int, role: str, name: str) -> None:
        left = known["category_now"].isin(categories) & ~known["id"].isin(pd.concat(parts)["id"])
        parts.append(_draw(known[left], size, f"{key}/{name}").assign(role=role))

    if stage.random_from:
        size = round(stage.random_ratio * len(_selected(known, size_of, key)))
        add(stage.random_from, size, "matched_random", "matched_random")
    chosen = sum(len(part) for part in parts)
    for category, ratio in stage.replay:
        add((category,), round(ratio * chosen), "replay", f"replay/{category}")
    return pd.concat(parts)[["id", "role", "category_now", "category_at_base"]].sort_values("id", ignore_index=True)


def _selected(known: pd.DataFrame, stage: Stage, key: str) -> pd.DataFrame:
    mask = pd.Series(stage.selects, index=known.index)
    if stage.now:
        mask &= known["category_now"].isin(stage.now)
    if stage.at_base:
        mask &= known["category_at_base"].isin(stage.at_base)
    if not stage.balanced:
        return known[mask]
    sizes = pd.crosstab(known["relation"], known["category_now"]).reindex(columns=CATEGORIES, fill_value=0).min(axis=1)
    parts = known[mask].groupby("relation")
    drawn = [_draw(part, sizes[relation], f"{key}/balanced/{relation}") for relation, part in parts]
    return pd.concat([known[:0], *drawn])


def _draw(pool: pd.DataFrame, size: int, key: str) -> pd.DataFrame:
    """Draw without replacement; a pool that is too small is taken whole."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    order = np.random.default_rng(seed).permutation(len(pool))
    return pool.iloc[np.sort(order[:size])]


def formula(stage: Stage, size_of: Stage | None = None) -> str:
    """Write what a stage trains on as one line of set algebra."""
    among = f"C(q) in {_names(stage.random_from)}"
    size = f"{'' if stage.random_ratio == 1 else f'{stage.random_ratio:g} '}|{_set(size_of)}|" if size_of else "?"
    if not stage.random_from:
        sets = [f"D = {_set(stage)}"]
    elif not stage.selects:
        sets = [f"D = a random {{q : {among}}} with |D| = {size}"]
    else:
        sets = ["D = S + M", f"S = {_set(stage)}", f"M = a random {{q not in S : {among}}} with |M| = {size}"]
    sets += [f"R_{name} a random {ratio:g} |D| of {{q not in D : C(q) = {name}}}" for name, ratio in stage.replay]
    if stage.balanced or (stage.random_from and size_of is not None and size_of.balanced):
        sets.append(BALANCE)
    return "; ".join([f"train on {' + '.join(['D', *(f'R_{name}' for name, _ in stage.replay)])}", *sets])


def _set(stage: Stage) -> str:
    conditions = [f"C(q) in {_names(stage.now)}"] if stage.now else []
    conditions += [f"C0(q) in {_names(stage.at_base)}"] if stage.at_base else []
    chosen = f"{{q : {' and '.join(conditions)}}}"
    return f"B({chosen})" if stage.balanced else chosen


def _names(names: tuple[str, ...]) -> str:
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
    rows = sorted(counts.items(), key=lambda item: (ROLES.index(item[0][0]), order[item[0][1]], order[item[0][2]]))
    table = "\n".join(f"| {role} | {base} | {now} | {count} |" for (role, base, now), count in rows)
    empty = "" if len(chosen) else "\nNo question qualifies: the stage passes its parent through unchanged.\n"
    return (
        f"{line}\n\n`{checkpoint}` trains on {len(chosen)} questions. C is the category under the parent checkpoint, "
        f"C0 that under the base model.\n{empty}\n"
        f"| role | category at base | category now | questions |\n|---|---|---|---|\n{table}\n"
    )
