"""Select the questions that a stage trains on, by their current category and their category under the base model.

C(q) is the category of question q under the checkpoint from which the stage starts, C0(q) that under the base model. A
stage selects by either or both, optionally balanced over relations (as in the comparison of single categories by
Gekhman et al. 2024). It may add random questions, as many as another stage selects (a control for quantity, which Li
et al. 2024 lack), replay a share of other categories, and weight questions by their share of correct samples. It may
permute the answers among the questions of a relation, so that it teaches no fact.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.knowledge.normalization import normalize
from gradual_learning.tables.schemas import CATEGORIES

ROLES = ["selected", "matched_random", "replay"]
BALANCE = "B(X): of each relation at random at most as many q of X as its smallest category by C holds"


@dataclass(frozen=True)
class Stage:
    """Which questions a stage trains on.

    Attributes:
        current: categories under the parent checkpoint; empty for any.
        at_base: categories under the base model; empty for any. If both are empty, the stage selects no questions.
        balanced: of each relation, keep at most as many selected questions as its smallest current category has.
        random_from: current categories from which random questions are added; empty for none.
        random_ratio: number of random questions, as a ratio of the number that another stage selects.
        replay: pairs of a current category and the number of questions replayed from it, as a ratio of the number of
            selected and random questions.
        p_sampled_exponent: power of the current p_sampled that weights a question in the loss; None for equal weights.
        shuffle_answers: whether the answers are permuted among the questions of each relation.
    """

    current: tuple[str, ...] = ()
    at_base: tuple[str, ...] = ()
    balanced: bool = False
    random_from: tuple[str, ...] = ()
    random_ratio: float = 1
    replay: tuple[tuple[str, float], ...] = ()
    p_sampled_exponent: float | None = None
    shuffle_answers: bool = False

    @classmethod
    def from_config(cls, spec: dict[str, Any]) -> "Stage":
        """Read the part of a stage in the configuration that selects questions."""
        train_on, random = spec.get("train_on") or {}, spec.get("matched_random") or {}
        return cls(
            current=tuple(train_on.get("current") or ()),
            at_base=tuple(train_on.get("at_base") or ()),
            balanced=train_on.get("balanced", False),
            random_from=tuple(random.get("from") or ()),
            random_ratio=random.get("ratio", 1),
            replay=tuple(sorted((spec.get("replay") or {}).items())),
            p_sampled_exponent=spec.get("p_sampled_exponent"),
            shuffle_answers=spec.get("shuffle_answers", False),
        )

    @property
    def selects(self) -> bool:
        """Whether the stage selects by category, and not only random questions."""
        return bool(self.current or self.at_base)


def select(known: pd.DataFrame, stage: Stage, match_size_of: Stage | None, key: str) -> pd.DataFrame:
    """Select the training questions of a stage.

    Args:
        known: columns id, relation, category_current, category_at_base and, if the stage weights questions, p_sampled
            under the current checkpoint; one row per question.
        stage: the stage.
        match_size_of: the stage whose number of selected questions scales the number of random ones, if there are any.
        key: seed of the random draws; equal keys draw equal questions, whatever the order of the rows.

    Returns:
        Columns id, role (one of :data:`ROLES`), category_current, category_at_base, weight (mean 1); sorted by id.
        Questions of weight 0 are left out.
    """
    known = known.sort_values("id", ignore_index=True)
    parts = [_selected(known, stage, key).assign(role="selected")]

    def add(categories: tuple[str, ...], size: int, role: str, name: str) -> None:
        is_candidate = known["category_current"].isin(categories) & ~known["id"].isin(pd.concat(parts)["id"])
        parts.append(_draw(known[is_candidate], size, f"{key}/{name}").assign(role=role))

    if stage.random_from:
        if match_size_of is None:
            raise ValueError("a stage with random questions needs the stage whose size they match")
        size = round(stage.random_ratio * len(_selected(known, match_size_of, key)))
        add(stage.random_from, size, "matched_random", "matched_random")
    size = sum(len(part) for part in parts)
    for category, ratio in stage.replay:
        add((category,), round(ratio * size), "replay", f"replay/{category}")
    chosen = _weighted(pd.concat(parts).sort_values("id"), stage.p_sampled_exponent)
    return chosen[["id", "role", "category_current", "category_at_base", "weight"]].reset_index(drop=True)


def _selected(known: pd.DataFrame, stage: Stage, key: str) -> pd.DataFrame:
    """Return the questions that a stage selects by category."""
    mask = pd.Series(stage.selects, index=known.index)
    if stage.current:
        mask &= known["category_current"].isin(stage.current)
    if stage.at_base:
        mask &= known["category_at_base"].isin(stage.at_base)
    if not stage.balanced:
        return known[mask]
    sizes = (
        pd.crosstab(known["relation"], known["category_current"]).reindex(columns=CATEGORIES, fill_value=0).min(axis=1)
    )
    parts = known[mask].groupby("relation")
    drawn = [_draw(part, sizes[relation], f"{key}/balanced/{relation}") for relation, part in parts]
    return pd.concat([known[:0], *drawn])


def _weighted(chosen: pd.DataFrame, exponent: float | None) -> pd.DataFrame:
    """Add the column weight: p_sampled to the power of ``exponent``, scaled to a mean of 1."""
    if exponent is None:
        return chosen.assign(weight=1.0)
    learnable = chosen[chosen["p_sampled"] > 0]
    weight = learnable["p_sampled"] ** exponent
    return learnable.assign(weight=weight / weight.mean())


def _draw(pool: pd.DataFrame, size: int, key: str) -> pd.DataFrame:
    """Draw without replacement; a pool that is too small is returned in full."""
    order = _generator(key).permutation(len(pool))
    return pool.iloc[np.sort(order[:size])]


def _generator(key: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big"))


def permute_answers(questions: pd.DataFrame, key: str) -> tuple[pd.DataFrame, int]:
    """Permute the answers at random among the questions of the same relation, so that they teach no fact.

    No question keeps an answer that it accepts, unless too many questions of its relation accept the same one.

    Args:
        questions: columns id, relation and answers (the first one is trained on); one row per question.
        key: seed of the permutation; equal keys permute equally, whatever the order of the rows.

    Returns:
        The questions sorted by id, their answers permuted; and how many still train on an answer that they accept.
    """
    questions = questions.sort_values("id", ignore_index=True)
    accepted = [[normalize(answer) for answer in answers] for answers in questions["answers"]]
    donors, kept = np.arange(len(questions)), 0
    for relation, places in questions.groupby("relation").indices.items():
        drawn, own = _derangement([accepted[place] for place in places], _generator(f"{key}/answers/{relation}"))
        donors[places], kept = places[drawn], kept + own
    return questions.assign(answers=questions["answers"].to_numpy()[donors]), kept


def _derangement(accepted: list[list[str]], generator: np.random.Generator) -> tuple[np.ndarray, int]:
    """Draw a permutation under which as few questions as possible get a first answer that they accept.

    Returns:
        For each question the place of the one whose answers it gets, shape (questions,); and how many of them still
        accept the first of these answers.
    """
    size = len(accepted)
    drawn = generator.permutation(size)

    def fits(place: int, donor: int) -> bool:
        return accepted[donor][0] in accepted[place]

    for place in range(size):
        if fits(place, drawn[place]):
            candidates = (
                int(other)
                for other in generator.permutation(size)
                if not fits(place, drawn[other]) and not fits(other, drawn[place])
            )
            other = next(candidates, place)  # one exists unless the answer is too frequent
            drawn[[place, other]] = drawn[[other, place]]
    return drawn, sum(fits(place, donor) for place, donor in enumerate(drawn))


def formula(stage: Stage, match_size_of: Stage | None = None) -> str:
    """Describe the training set of a stage as one line of set algebra."""
    among = f"C(q) in {_names(stage.random_from)}"
    size = (
        f"{'' if stage.random_ratio == 1 else f'{stage.random_ratio:g} '}|{_set(match_size_of)}|"
        if match_size_of
        else "?"
    )
    if not stage.random_from:
        sets = [f"D = {_set(stage)}"]
    elif not stage.selects:
        sets = [f"D = a random {{q : {among}}} with |D| = {size}"]
    else:
        sets = ["D = S + M", f"S = {_set(stage)}", f"M = a random {{q not in S : {among}}} with |M| = {size}"]
    sets += [f"R_{name} a random {ratio:g} |D| of {{q not in D : C(q) = {name}}}" for name, ratio in stage.replay]
    if stage.p_sampled_exponent is not None:
        sets.append(f"q is weighted by p_sampled(q)^{stage.p_sampled_exponent:g}")
    if stage.shuffle_answers:
        sets.append("answers are permuted at random within each relation")
    if stage.balanced or (stage.random_from and match_size_of is not None and match_size_of.balanced):
        sets.append(BALANCE)
    return "; ".join([f"train on {' + '.join(['D', *(f'R_{name}' for name, _ in stage.replay)])}", *sets])


def _set(stage: Stage) -> str:
    conditions = [f"C(q) in {_names(stage.current)}"] if stage.current else []
    conditions += [f"C0(q) in {_names(stage.at_base)}"] if stage.at_base else []
    chosen = f"{{q : {' and '.join(conditions)}}}"
    return f"B({chosen})" if stage.balanced else chosen


def _names(names: tuple[str, ...]) -> str:
    return "{" + ", ".join(names) + "}"


def describe(chosen: pd.DataFrame, checkpoint: str, line: str) -> str:
    """Return the Markdown page of a training set: its formula, and the number of questions by role and category.

    Args:
        chosen: the questions, from :func:`select`.
        checkpoint: name of the checkpoint that the stage creates.
        line: the formula.
    """
    counts = chosen.groupby(["role", "category_at_base", "category_current"]).size()
    order = {name: number for number, name in enumerate(CATEGORIES)}
    rows = sorted(counts.items(), key=lambda item: (ROLES.index(item[0][0]), order[item[0][1]], order[item[0][2]]))
    table = "\n".join(f"| {role} | {base} | {current} | {count} |" for (role, base, current), count in rows)
    empty = "" if len(chosen) else "\nNo question qualifies: the stage passes its parent through unchanged.\n"
    return (
        f"{line}\n\n`{checkpoint}` trains on {len(chosen)} questions. C is the category under the parent checkpoint, "
        f"C0 that under the base model.\n{empty}\n"
        f"| role | category at base | current category | questions |\n|---|---|---|---|\n{table}\n"
    )
