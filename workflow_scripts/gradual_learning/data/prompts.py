"""Few-shot and zero-shot prompts, and the draw of the exemplars.

As in Gekhman et al. 2024 (appendix C), the exemplar sets are drawn once per relation from the dev split, so that all
questions of a relation share their prefixes.
"""

import logging
import math
import random
from collections.abc import Iterable

import pandas as pd

from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.schemas import PROMPTS

_MORE_DEV = "raise data.splits.dev (world.splits.dev in a simulated world; data.limits.dev, if it is set)"
_log = logging.getLogger(__name__)


def few_shot_prefix(exemplars: Iterable[tuple[str, str]]) -> str:
    """Format exemplars, pairs of question and answer, as the beginning of a prompt."""
    return "".join(f"Q: {question}\nA: {answer}\n" for question, answer in exemplars)


def few_shot_suffix(question: str) -> str:
    """Format the question at the end of a prompt; the model generates the space before the answer."""
    return f"Q: {question}\nA:"


def zero_shot(question: str, template: str) -> str:
    """Insert a question into a template; other braces in either of them are left unchanged.

    Raises:
        UserError: the template does not contain ``{question}`` exactly once.
    """
    if template.count("{question}") != 1:
        raise UserError(f"training.prompt: {template!r} must contain {{question}} exactly once.")
    return template.replace("{question}", question)


def draw_exemplars(dev: pd.DataFrame, exemplar_sets: int, num_fewshot: int, draws: int, seed: int) -> pd.DataFrame:
    """Draw the exemplar sets of every relation.

    The exemplars of a relation come from a random half of its dev questions (at least ``num_fewshot + 1``), so that the
    other half is left for model selection. No set is drawn twice, in any of the draws, until all combinations have been
    drawn. A draw depends on the seed and on the dev questions of the relation, not on their order or other relations.

    Args:
        dev: rows of the table of questions, all of split dev.
        exemplar_sets: number of sets, and so of prompts, per relation and draw.
        num_fewshot: exemplars per set.
        draws: number of independent draws; draw 0 is for labels, draw 1 for relabeling.
        seed: of all draws.

    Returns:
        Columns of ``schemas.PROMPTS``; the text shows the first accepted answer of an exemplar.

    Raises:
        UserError: a relation has fewer than ``num_fewshot + 1`` dev questions; the message names all such relations.
    """
    if set(dev["split"]) - {"dev"}:
        raise ValueError("exemplars may be drawn from split dev only")
    require_enough_dev(dev, num_fewshot)
    rows = []
    for relation, group in dev.groupby("relation", sort=True):
        texts = {row.id: (row.question, row.answers[0]) for row in group.itertuples()}
        drawn = _draw(sorted(texts), exemplar_sets, num_fewshot, draws, f"{seed}/{relation}")
        for draw, sets in enumerate(drawn):
            for prompt, ids in enumerate(sets):
                rows.append((draw, relation, prompt, ids, few_shot_prefix(texts[name] for name in ids)))
    return pd.DataFrame(rows, columns=PROMPTS.names)


def require_enough_dev(questions: pd.DataFrame, num_fewshot: int) -> None:
    """Check that every relation has enough dev questions for its prompts.

    Raises:
        UserError: a relation has fewer than ``num_fewshot + 1`` dev questions; the message names all such relations.
    """
    counts = (questions["split"] == "dev").groupby(questions["relation"]).sum()
    short = [f"{relation} ({count})" for relation, count in counts.items() if count < num_fewshot + 1]
    if short or counts.empty:
        raise UserError(
            f"relation {', '.join(short) or '(none)'}: too few dev questions, {num_fewshot}-shot prompts need "
            f"{num_fewshot + 1}. Lower knowledge.num_fewshot, {_MORE_DEV}, or select the other relations with "
            "data.relations."
        )


def _draw(ids: list[str], exemplar_sets: int, num_fewshot: int, draws: int, key: str) -> list[list[list[str]]]:
    """Return the sets of each draw; the key seeds the pool of exemplars and the draws."""
    size = min(len(ids), max(num_fewshot + 1, len(ids) // 2))
    pool = random.Random(f"{key}/pool").sample(ids, size)
    used: set[frozenset[str]] = set()
    return [
        _distinct_sets(pool, exemplar_sets, num_fewshot, random.Random(f"{key}/{draw}"), used) for draw in range(draws)
    ]


def _distinct_sets(
    pool: list[str], exemplar_sets: int, num_fewshot: int, rng: random.Random, used: set[frozenset[str]]
) -> list[list[str]]:
    drawn: list[list[str]] = []
    while len(drawn) < exemplar_sets:
        if len(used) == math.comb(len(pool), num_fewshot):
            used.clear()
        ids = rng.sample(pool, num_fewshot)
        if frozenset(ids) not in used:
            used.add(frozenset(ids))
            drawn.append(ids)
    return drawn


def validation_questions(questions: pd.DataFrame, prompts: pd.DataFrame) -> pd.DataFrame:
    """Return the dev questions that are no exemplars in any draw; they select the best epoch.

    Raises:
        UserError: there are none.
    """
    exemplars = {name for ids in prompts["exemplars"] for name in ids}
    dev = questions[questions["split"] == "dev"]
    validation = dev[~dev["id"].isin(exemplars)]
    if validation.empty:
        raise UserError(
            f"all {len(dev)} dev questions serve as exemplars, none is left to select the best epoch. "
            f"Lower knowledge.num_fewshot, or {_MORE_DEV}."
        )
    missing = sorted(set(dev["relation"]) - set(validation["relation"]))
    if missing:
        _log.warning("no dev question of %s is left for validation: all serve as exemplars", ", ".join(missing))
    return validation
