"""Worked examples: questions that a strategy upgrades, and questions that the model forgets."""

from collections.abc import Collection

import pandas as pd

EXAMPLES = 3  # of each kind
SIDES = ("before", "after")
ANSWERED = ["category", "p_greedy", "zero_shot"]
COLUMNS = ["kind", "id", "relation", "question", "accepted", *(f"{name}_{side}" for name in ANSWERED for side in SIDES)]


def worked_examples(
    questions: pd.DataFrame,
    before: tuple[pd.DataFrame, pd.DataFrame],
    after: tuple[pd.DataFrame, pd.DataFrame],
    trained: Collection[str],
) -> pd.DataFrame:
    """Choose questions that no stage trains on and that are clearly upgraded or forgotten.

    Upgraded: the greedy few-shot answer is correct under no exemplar set before and under at least one after, and the
    zero-shot answer changes from wrong to correct. Forgotten: the greedy few-shot answer is correct under all exemplar
    sets before but not after, and the zero-shot answer changes from correct to wrong. The first :data:`EXAMPLES` by id
    are taken of each kind. Ids are hashes, so the choice depends on nothing else.

    Args:
        questions: columns of ``schemas.QUESTIONS``.
        before: categories (``schemas.KNOWLEDGE``) under the base model, and its zero-shot answers
            (``schemas.EVALUATION``) to these and possibly other questions.
        after: the same for the final checkpoint of a strategy.
        trained: ids of the questions that any stage trains on.

    Returns:
        kind, id, source_id (where questions have one), relation, question, accepted (answers, joined by `` | ``) and,
        each with ``_before`` and ``_after``, category, p_greedy (share of the exemplar sets under which the greedy
        answer is correct) and zero_shot (the zero-shot answer).
    """
    sides = _joined(*before).add_suffix("_before"), _joined(*after).add_suffix("_after")
    table = sides[0].join(sides[1], validate="one_to_one")
    table = table[~table.index.isin(trained)].join(
        questions.set_index("id")[["source_id", "relation", "question", "answers"]]
    )
    table["accepted"] = table["answers"].map(" | ".join)
    learned = ~table["correct_before"] & table["correct_after"]
    lost = table["correct_before"] & ~table["correct_after"]
    kinds = {
        "upgraded": learned & (table["p_greedy_before"] == 0) & (table["p_greedy_after"] > 0),
        "forgotten": lost & (table["p_greedy_before"] == 1) & (table["p_greedy_after"] < 1),
    }
    parts = [table[chosen].head(EXAMPLES).assign(kind=kind) for kind, chosen in kinds.items()]
    return pd.concat(parts).reset_index()[columns(questions)]


def columns(questions: pd.DataFrame) -> list[str]:
    """List the columns of the examples: the user's own ids are among them where there are any."""
    return [*COLUMNS[:2], *(["source_id"] if questions["source_id"].notna().any() else []), *COLUMNS[2:]]


def _joined(known: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Join categories with zero-shot answers, sorted by id."""
    zero_shot = answers.set_index("id")[["answer", "correct"]].rename(columns={"answer": "zero_shot"})
    return known.set_index("id")[["category", "p_greedy"]].join(zero_shot, validate="one_to_one").sort_index()
