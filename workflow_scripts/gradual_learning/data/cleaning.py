"""Turns the records of a data set into the table of questions, and counts what is dropped and why.

Every dropped record is counted under one reason, so that records read = questions kept + records dropped. The result
does not depend on the order of the records.
"""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from gradual_learning.data import leakage, splitting
from gradual_learning.data.question import Dropped, Row, folded, normalized
from gradual_learning.jobs.errors import UserError, nearest
from gradual_learning.tables.schemas import QUESTIONS, SPLITS

POLICIES = ("any", "first", "drop")  # for several answers

UNSELECTED = "relation not selected"
BLANK_QUESTION = "blank question"
BLANK_ANSWERS = "only blank answers"
TOO_LONG = "answers longer than data.max_answer_words"
CONFLICT = "conflicting answers to the same question"
DUPLICATE = "duplicate question"
SEVERAL = "several answers"
CONTAINS_ANSWER = "question contains its answer"
OVER_LIMIT = "beyond data.limits"
REASONS = (
    *(UNSELECTED, BLANK_QUESTION, BLANK_ANSWERS, TOO_LONG, CONFLICT, DUPLICATE, SEVERAL, CONTAINS_ANSWER),
    *leakage.REASONS,
    OVER_LIMIT,
)

_KEEP_FIRST = {"test": 0, "dev": 1, "train": 2, None: 3}  # a duplicate stays in the split where it can leak least
_LONG_ANSWER = 5  # words; models rarely generate longer answers word for word
_log = logging.getLogger(__name__)


def prepare(
    records: Iterable[Mapping[str, Any]],
    *,
    multiple_answers: str,
    max_answer_words: int | None,
    relations: list[str],
    shares: dict[str, float],
    limits: dict[str, int | None],
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clean the records of a data set, complete their splits, and apply the limits.

    Dropped are, in this order: what ``relations`` leaves out; blank questions and questions with only blank or only
    long answers; questions with conflicting answers; duplicates, which differ at most in case and end mark; questions
    with several answers, by policy; questions that contain an accepted answer as words; train questions that give away
    a test question (:mod:`leakage`); questions beyond the limits.

    Args:
        records: mappings with question, answers, relation, split, source and perhaps subject; all or none with a split.
        multiple_answers: ``any`` answer counts, only the ``first`` counts, or ``drop`` the question.
        max_answer_words: drop longer answers; None keeps all.
        relations: relations to keep; an empty list keeps all.
        shares: of train, dev and test, for missing splits.
        limits: maximum number of questions per relation for each split; None for no limit.
        seed: of the splits and of the questions kept within the limits.

    Returns:
        The questions (columns of ``schemas.QUESTIONS``, sorted by split, relation and id), and the reasons for dropping
        records (columns reason, count, example; a row for every reason).

    Raises:
        UserError: a relation or the policy is unknown, only some records have a split, or a split is empty.
    """
    if multiple_answers not in POLICIES:
        raise UserError(f"data.multiple_answers: {multiple_answers!r} is unknown; use one of {', '.join(POLICIES)}.")
    dropped = Dropped(REASONS)
    rows = _clean(records, multiple_answers, max_answer_words, relations, shares, seed, dropped)
    rows = _apply_limits(rows, limits, seed, dropped)
    _require_all_splits(rows, dropped)
    _log.info("%d questions kept, %d records dropped", len(rows), sum(dropped.counts.values()))
    _warn_about_long_answers(rows)
    return _to_table(rows), dropped.table()


def _clean(
    records: Iterable[Mapping[str, Any]],
    multiple_answers: str,
    max_answer_words: int | None,
    relations: list[str],
    shares: dict[str, float],
    seed: int,
    dropped: Dropped,
) -> list[Row]:
    rows = [normalized(record) for record in _with_consistent_splits(records)]
    rows = _drop_unselected(rows, relations, dropped)
    rows = dropped.drop_where(BLANK_QUESTION, rows, lambda row: not folded(row.question))
    rows = dropped.drop_where(BLANK_ANSWERS, rows, lambda row: not row.answers)
    provided_test = leakage.provided_test_questions(rows)
    rows = _drop_long_answers(rows, max_answer_words, dropped)
    rows = _drop_duplicates(rows, dropped)
    rows = _apply_policy(rows, multiple_answers, dropped)
    rows = dropped.drop_where(CONTAINS_ANSWER, rows, _contains_answer)
    rows = splitting.complete(rows, shares, seed)
    return leakage.drop_leaks(rows, provided_test, dropped)


def _with_consistent_splits(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the records, and raise an error as soon as only some of them have a split."""
    first = None
    for record in records:
        first = first or record
        if (record["split"] is None) != (first["split"] is None):
            bare, other = (record, first) if record["split"] is None else (first, record)
            raise UserError(
                f"{bare['file']}: row {bare['row']} has no split, but row {other['row']} of {other['file']} is in "
                f"{other['split']}. Give all rows a split (train, dev or test), or none."
            )
        yield record


def select_relations(records: Iterable[dict[str, Any]], relations: list[str]) -> list[dict[str, Any]]:
    """Return the records of some relations, or all records if ``relations`` is empty.

    Raises:
        UserError: a relation has no record.
    """
    if not relations:
        return list(records)
    known, selected = set(), []
    for record in records:
        known.add(record["relation"])
        if record["relation"] in relations:
            selected.append(record)
    _check_known(relations, known)
    return selected


def _check_known(relations: list[str], known: set[str]) -> None:
    for relation in relations:
        if relation not in known:
            raise UserError(f"data.relations: no question has the relation {relation!r}; {nearest(relation, known)}")


def _drop_unselected(rows: list[Row], relations: list[str], dropped: Dropped) -> list[Row]:
    known = {row.relation for row in rows}
    _check_known(relations, known)
    selected = set(relations) or known
    return dropped.drop_where(UNSELECTED, rows, lambda row: row.relation not in selected)


def _drop_long_answers(rows: list[Row], max_answer_words: int | None, dropped: Dropped) -> list[Row]:
    if max_answer_words is None:
        return rows
    kept = []
    for row in rows:
        answers = tuple(answer for answer in row.answers if len(answer.split()) <= max_answer_words)
        if answers:
            kept.append(row._replace(answers=answers))
        else:
            dropped.add(TOO_LONG, [row])
    return kept


def _drop_duplicates(rows: list[Row], dropped: Dropped) -> list[Row]:
    """Keep each question once, or never if its records disagree on the answers, as it is ambiguous then."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.relation, row.question.casefold().rstrip(" ?.!")].append(row)
    kept = []
    for group in groups.values():
        if len(group) > 1:
            if len({frozenset(map(folded, row.answers)) for row in group}) > 1:
                dropped.add(CONFLICT, group)
                continue
            group.sort(key=_priority)
            dropped.add(DUPLICATE, group[1:])
        kept.append(group[0])
    return kept


def _priority(row: Row) -> tuple[object, ...]:
    """Return by what duplicates are sorted; the first one is kept."""
    return _KEEP_FIRST[row.split], row.question, row.answers, row.subject or "", row.source_id or ""


def _apply_policy(rows: list[Row], multiple_answers: str, dropped: Dropped) -> list[Row]:
    if multiple_answers == "drop":
        return dropped.drop_where(SEVERAL, rows, lambda row: len(row.answers) > 1)
    if multiple_answers == "first":
        return [row._replace(answers=row.answers[:1]) for row in rows]
    return rows


def _contains_answer(row: Row) -> bool:
    question = f" {folded(row.question)} "
    return any(f" {folded(answer)} " in question for answer in row.answers)


def _apply_limits(rows: list[Row], limits: dict[str, int | None], seed: int, dropped: Dropped) -> list[Row]:
    """Keep a random sample of each relation and split; the rank of a question does not depend on other questions."""
    groups: dict[tuple[str | None, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.split, row.relation].append(row)
    kept = []
    for (split, _), group in groups.items():
        limit = limits.get(split or "")
        if limit is not None:
            group.sort(key=lambda row: hashlib.sha256(f"{seed}/{row.id}".encode()).digest())
            dropped.add(OVER_LIMIT, group[limit:])
            group = group[:limit]
        kept += group
    return kept


def _require_all_splits(rows: list[Row], dropped: Dropped) -> None:
    present = {row.split for row in rows}
    empty = [split for split in SPLITS if split not in present]
    if empty:
        counts = "; ".join(f"{reason}: {count}" for reason, count in dropped.counts.items() if count)
        raise UserError(
            f"no question is left in split {', '.join(empty)} (records dropped: {counts or 'none'}). "
            "Check data.limits and data.relations, and whether the data set has enough questions for all splits."
        )


def _warn_about_long_answers(rows: list[Row]) -> None:
    words = median(min(len(answer.split()) for answer in row.answers) for row in rows)
    if words > _LONG_ANSWER:
        _log.warning(
            "the median length of the shortest answer to a question is %g words, and models rarely generate such "
            "answers word for word. Set data.answer_match to f1 or contains, or drop long answers with "
            "data.max_answer_words",
            words,
        )


def _to_table(rows: list[Row]) -> pd.DataFrame:
    rows.sort(key=lambda row: (SPLITS.index(row.split or ""), row.relation, row.id))
    columns = {name: [getattr(row, name) for row in rows] for name in QUESTIONS.names}
    columns["answers"] = [list(answers) for answers in columns["answers"]]
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def read_records(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file that ``download_dataset`` or ``simulate_world`` has checked and written."""
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)
