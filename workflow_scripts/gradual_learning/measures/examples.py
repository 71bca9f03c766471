"""Worked examples: questions that a strategy made known, and questions that it made the model forget."""

from collections.abc import Collection

import pandas as pd

EACH = 3  # examples of a kind
ENDS = ("before", "after")
ANSWERED = ["category", "p0", "zero_shot"]
COLUMNS = ["kind", "id", "relation", "question", "accepted", *(f"{name}_{end}" for name in ANSWERED for end in ENDS)]


def examples(
    questions: pd.DataFrame,
    before: tuple[pd.DataFrame, pd.DataFrame],
    after: tuple[pd.DataFrame, pd.DataFrame],
    trained: Collection[str],
) -> pd.DataFrame:
    """Choose questions that no stage trained on and that were plainly upgraded or forgotten.

    Upgraded: no exemplar set drew a right greedy answer at base, some does at the end, and the answer without examples
    was wrong and is right. Forgotten: all exemplar sets drew a right answer at base, not all do at the end, and the
    answer without examples was right and is wrong. Of each kind the first ``EACH`` by id are taken: ids are hashes, so
    that the choice looks at nothing else.

    Args:
        questions: records.QUESTIONS.
        before: categories (records.KNOWLEDGE) under the base model, and greedy answers without examples
            (records.EVALUATION) to these questions and perhaps others.
        after: the same at the end of a strategy.
        trained: ids of the questions that any stage trained on.

    Returns:
        kind, id, relation, question, accepted (answers, joined by `` | ``) and, each ``_before`` and ``_after``,
        category, p0 (share of the exemplar sets under which the greedy answer is right) and zero_shot (the answer
        without examples).
    """
    ends = _joined(*before).add_suffix("_before"), _joined(*after).add_suffix("_after")
    table = ends[0].join(ends[1], validate="one_to_one")
    table = table[~table.index.isin(trained)].join(questions.set_index("id")[["relation", "question", "answers"]])
    table["accepted"] = table["answers"].map(" | ".join)
    learnt = ~table["right_before"] & table["right_after"]
    lost = table["right_before"] & ~table["right_after"]
    kinds = {
        "upgraded": learnt & (table["p0_before"] == 0) & (table["p0_after"] > 0),
        "forgotten": lost & (table["p0_before"] == 1) & (table["p0_after"] < 1),
    }
    parts = [table[chosen].head(EACH).assign(kind=kind) for kind, chosen in kinds.items()]
    return pd.concat(parts).reset_index()[COLUMNS]


def _joined(known: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    answers = asked.set_index("id")[["answer", "correct"]].rename(columns={"answer": "zero_shot", "correct": "right"})
    return known.set_index("id")[["category", "p0"]].join(answers, validate="one_to_one").sort_index()
