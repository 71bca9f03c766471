"""Few-shot prompts: which solved questions a model is shown before it is asked, and how they are written.

As in Gekhman et al. 2024 (appendix C) the exemplar sets are drawn once per relation from the dev split, so that all
questions of a relation share their prefixes.
"""

import logging
import math
import random
from collections.abc import Iterable

import pandas as pd

from gradual_learning.records import PROMPTS, UserError

_MORE_DEV = "raise data.splits.dev (world.splits.dev in a simulated world; data.limits.dev, if it is set)"
_log = logging.getLogger(__name__)


def few_shot_prefix(exemplars: Iterable[tuple[str, str]]) -> str:
    """Write solved questions, given as (question, answer), the way :func:`few_shot_suffix` goes on."""
    return "".join(f"Q: {question}\nA: {answer}\n" for question, answer in exemplars)


def few_shot_suffix(question: str) -> str:
    """Write the question that follows the solved ones; the model's answer continues it, space included."""
    return f"Q: {question}\nA:"


def zero_shot(question: str, template: str) -> str:
    """Write a question alone; other braces in the template or the question stay as they are.

    Raises:
        UserError: the template has no place for the question, or more than one.
    """
    if template.count("{question}") != 1:
        raise UserError(f"training.prompt: {template!r} must hold {{question}} once.")
    return template.replace("{question}", question)


def draw_exemplars(dev: pd.DataFrame, sets: int, shots: int, draws: int, seed: int) -> pd.DataFrame:
    """Draw the exemplar sets of every relation.

    A relation's exemplars come from a random half of its dev questions (of shots + 1 at least), so that the other half
    is left for model selection. No set repeats another, in this or another draw, until every combination has been used.
    The draw depends on the seed and on the relation's own dev questions only: not on row order, nor on other relations.

    Args:
        dev: rows of the questions table, all of split dev.
        sets: exemplar sets, that is prompts, per relation and draw.
        shots: solved questions per set.
        draws: independent draws; 0 labels, 1 is the retest.
        seed: of the draw.

    Returns:
        A table with the columns of ``records.PROMPTS``; an exemplar shows its first accepted answer.

    Raises:
        UserError: a relation has fewer than ``shots + 1`` dev questions; all such relations are named.
    """
    if set(dev["split"]) - {"dev"}:
        raise ValueError("exemplars may be drawn from split dev only")
    check_enough(dev, shots)
    rows = []
    for relation, group in dev.groupby("relation", sort=True):
        texts = {row.id: (row.question, row.answers[0]) for row in group.itertuples()}
        for draw, drawn in enumerate(_draw(sorted(texts), sets, shots, draws, f"{seed}/{relation}")):
            for prompt, ids in enumerate(drawn):
                rows.append((draw, relation, prompt, ids, few_shot_prefix(texts[name] for name in ids)))
    return pd.DataFrame(rows, columns=PROMPTS.names)


def check_enough(questions: pd.DataFrame, shots: int) -> None:
    """Check that every relation that is asked about has dev questions enough for its prompts.

    Raises:
        UserError: a relation has fewer than ``shots + 1`` dev questions; all such relations are named.
    """
    counts = (questions["split"] == "dev").groupby(questions["relation"]).sum()
    short = [f"{relation} ({count})" for relation, count in counts.items() if count < shots + 1]
    if short or counts.empty:
        raise UserError(
            f"relation {', '.join(short) or '(none)'}: too few dev questions, {shots}-shot prompts need {shots + 1}. "
            f"Lower knowledge.shots, {_MORE_DEV}, or name the other relations in data.relations."
        )


def _draw(ids: list[str], sets: int, shots: int, draws: int, key: str) -> list[list[list[str]]]:
    size = min(len(ids), max(shots + 1, len(ids) // 2))
    pool = random.Random(f"{key}/pool").sample(ids, size)
    used: set[frozenset[str]] = set()
    return [_distinct_sets(pool, sets, shots, random.Random(f"{key}/{draw}"), used) for draw in range(draws)]


def _distinct_sets(
    pool: list[str], sets: int, shots: int, source: random.Random, used: set[frozenset[str]]
) -> list[list[str]]:
    drawn = []
    while len(drawn) < sets:
        if len(used) == math.comb(len(pool), shots):
            used.clear()
        ids = source.sample(pool, shots)
        if frozenset(ids) not in used:
            used.add(frozenset(ids))
            drawn.append(ids)
    return drawn


def validation_questions(questions: pd.DataFrame, prompts: pd.DataFrame) -> pd.DataFrame:
    """Return the dev questions that serve as no exemplar in any draw: those that choose the best epoch.

    Raises:
        UserError: none is left.
    """
    exemplars = {name for ids in prompts["exemplars"] for name in ids}
    dev = questions[questions["split"] == "dev"]
    validation = dev[~dev["id"].isin(exemplars)]
    if validation.empty:
        raise UserError(
            f"all {len(dev)} dev questions serve as exemplars, none is left to choose the best epoch by. "
            f"Lower knowledge.shots, or {_MORE_DEV}."
        )
    unseen = sorted(set(dev["relation"]) - set(validation["relation"]))
    if unseen:
        _log.warning("no dev question of %s is left for validation: all serve as exemplars", ", ".join(unseen))
    return validation
