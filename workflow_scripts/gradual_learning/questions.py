"""From records to the questions table: what is dropped and why, stable ids, missing splits, seeded limits.

Every dropped record is counted under a reason, so that records read = questions kept + records dropped.
"""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

import pandas as pd

from gradual_learning import splitting
from gradual_learning.hygiene import Dropped, Row, folded, tidied
from gradual_learning.records import QUESTIONS, SPLITS, UserError, nearest

POLICIES = ("any", "first", "drop")

UNSELECTED = "relation not selected"
BLANK_QUESTION = "blank question"
BLANK_ANSWERS = "no answer but blanks"
TOO_LONG = "answers longer than data.max_answer_words"
CONFLICT = "the same question has different answers"
DUPLICATE = "duplicate question"
SEVERAL = "several answers"
GIVEN_AWAY = "answer stands in the question"
ASKED = "training question that a test question asks too"
TEST_SUBJECT = "training question about the subject of a test question"
TEST_ANSWER = "training question about the answer to a test question"
REVERSED = "training question answered by the subject of a test question of its relation"
BEYOND = "beyond the limit of questions"
REASONS = (
    *(UNSELECTED, BLANK_QUESTION, BLANK_ANSWERS, TOO_LONG, CONFLICT, DUPLICATE, SEVERAL, GIVEN_AWAY),
    *(ASKED, TEST_SUBJECT, TEST_ANSWER, REVERSED, BEYOND),
)

_KEEP_FIRST = {"test": 0, "dev": 1, "train": 2, None: 3}  # a duplicate stays where it can leak least
_SENTENCE = 5  # answers of more words than this are hardly ever given word by word
_log = logging.getLogger(__name__)


def prepare(
    records: Iterable[dict],
    *,
    multiple_answers: str,
    max_answer_words: int | None,
    relations: list[str],
    shares: dict[str, float],
    limits: dict[str, int | None],
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clean the records of a data set and give each question its id; neither table depends on the record order.

    Dropped, in this order: relations not asked for; blank questions; questions with blank answers only (a blank beside
    others is just left out); questions whose answers are all too long; questions whose records disagree on the
    answers, wherever they stand, as such a question is ambiguous; further records of a question, be it in other case or
    with another end mark (of several splits the test split keeps it, else dev); with policy ``drop`` those with several
    answers; those whose question holds an accepted answer as words. Then the splits that the data set lacks are made
    (:func:`splitting.complete`), and dropped are: training questions that a test question asks too, that share their
    subject with a test question or are about the answer to one, of any relation, or that have the subject of a test
    question of their own relation as an answer (``Who is A married to? B`` against ``Who is B married to?``); here test
    questions count that are dropped themselves. At last, questions beyond the limits.

    Gekhman et al. 2024 (appendix A) remove the training rows of EntityQuestions "whose subject or object occurs in
    test", 2.1 %. Taken literally the object would empty typed relations, as every country that is an answer in test is
    one in training too; the rule above removes all rows that make up their count, and some more.

    Args:
        records: dicts with question, answers, relation, split, source and perhaps subject; all have a split or none.
        multiple_answers: ``any``: each accepted answer is right; ``first``: only the first; ``drop``: leave such out.
        max_answer_words: answers of more words are left out; None keeps all.
        relations: the relations to keep; an empty list keeps all.
        shares: of train, dev and test, for splits that are made here.
        limits: questions to keep per relation for each split, None for all; a seeded sample.
        seed: of that sample, in which a question's place does not depend on the other questions, and of the splits.

    Returns:
        The questions table (columns of ``records.QUESTIONS``, sorted by split, relation and id), and the table of
        dropped records: reason, count, example; one row for every reason, those that dropped nothing too.

    Raises:
        UserError: a relation is unknown, the policy is unknown, only some records have a split, or a split ends up
            empty.
    """
    if multiple_answers not in POLICIES:
        raise UserError(f"data.multiple_answers: {multiple_answers!r} is unknown; use one of {', '.join(POLICIES)}.")
    dropped = Dropped(REASONS)
    rows = _selected([tidied(record) for record in _alike(records)], relations, dropped)
    rows = dropped.sift(BLANK_QUESTION, rows, lambda row: not folded(row.question))
    rows = dropped.sift(BLANK_ANSWERS, rows, lambda row: not row.answers)
    tested = _given_test(rows)
    rows = _short(rows, max_answer_words, dropped)
    rows = _unique(rows, dropped)
    rows = _with_policy(rows, multiple_answers, dropped)
    rows = dropped.sift(GIVEN_AWAY, rows, _gives_away)
    rows = splitting.complete(rows, shares, seed)
    rows = _apart_from_test(rows, tested, dropped)
    rows = _limited(rows, limits, seed, dropped)
    _check_splits(rows, dropped)
    _log.info("%d questions kept, %d records dropped", len(rows), sum(dropped.counts.values()))
    _warn_of_sentences(rows)
    return _table(rows), dropped.table()


def _alike(records: Iterable[dict]) -> Iterator[dict]:
    """Pass the records on, as long as all or none of them have a split."""
    first = None
    for record in records:
        first = first or record
        if (record["split"] is None) != (first["split"] is None):
            bare, other = (record, first) if record["split"] is None else (first, record)
            raise UserError(
                f"{bare['file']}: row {bare['row']} has no split, while row {other['row']} of {other['file']} is in "
                f"{other['split']}. Give all rows a split (train, dev or test), or none."
            )
        yield record


def of_relations(records: Iterable[dict], relations: list[str]) -> list[dict]:
    """Return the records of the relations that are asked for, all where none is named.

    Raises:
        UserError: no record has one of the relations.
    """
    if not relations:
        return list(records)
    known, chosen = set(), []
    for record in records:
        known.add(record["relation"])
        if record["relation"] in relations:
            chosen.append(record)
    _check_known(relations, known)
    return chosen


def _check_known(relations: list[str], known: set[str]) -> None:
    for relation in relations:
        if relation not in known:
            raise UserError(f"data.relations: no question has the relation {relation!r}; {nearest(relation, known)}")


def _selected(rows: list[Row], relations: list[str], dropped: Dropped) -> list[Row]:
    known = {row.relation for row in rows}
    _check_known(relations, known)
    wanted = set(relations) or known
    return dropped.sift(UNSELECTED, rows, lambda row: row.relation not in wanted)


def _short(rows: list[Row], max_answer_words: int | None, dropped: Dropped) -> list[Row]:
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


def _unique(rows: list[Row], dropped: Dropped) -> list[Row]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.relation, row.question.casefold().rstrip(" ?.!")].append(row)
    kept = []
    for group in groups.values():
        if len(group) > 1:
            if len({frozenset(map(folded, row.answers)) for row in group}) > 1:
                dropped.add(CONFLICT, group)
                continue
            group.sort(key=lambda row: (_KEEP_FIRST[row.split], row.question, row.answers, row.subject or ""))
            dropped.add(DUPLICATE, group[1:])
        kept.append(group[0])
    return kept


def _with_policy(rows: list[Row], multiple_answers: str, dropped: Dropped) -> list[Row]:
    if multiple_answers == "drop":
        return dropped.sift(SEVERAL, rows, lambda row: len(row.answers) > 1)
    if multiple_answers == "first":
        return [row._replace(answers=row.answers[:1]) for row in rows]
    return rows


def _gives_away(row: Row) -> bool:
    question = f" {folded(row.question)} "
    return any(f" {folded(answer)} " in question for answer in row.answers)


def _given_test(rows: list[Row]) -> list[Row]:
    """Return the test questions of a data set that has its own train and test split."""
    return [row for row in rows if row.split == "test"] if any(row.split == "train" for row in rows) else []


def _apart_from_test(rows: list[Row], tested: list[Row], dropped: Dropped) -> list[Row]:
    """Drop the training questions that are tied to a test question, one of the rows or one of those ``tested``."""
    test = tested + [row for row in rows if row.split == "test"]
    asked = {folded(row.question) for row in test}
    answers = {folded(answer) for row in test for answer in row.answers}
    subjects = {(row.relation, folded(row.subject)) for row in test if row.subject}
    any_subject = {subject for _, subject in subjects}

    def is_reversed(row: Row) -> bool:
        return bool(subjects) and any((row.relation, folded(answer)) in subjects for answer in row.answers)

    for reason, leaks in (
        (ASKED, lambda row: folded(row.question) in asked),
        (TEST_SUBJECT, lambda row: row.subject is not None and folded(row.subject) in any_subject),
        (TEST_ANSWER, lambda row: row.subject is not None and folded(row.subject) in answers),
        (REVERSED, is_reversed),
    ):
        rows = dropped.sift(reason, rows, lambda row, leaks=leaks: row.split == "train" and leaks(row))
    return rows


def _limited(rows: list[Row], limits: dict[str, int | None], seed: int, dropped: Dropped) -> list[Row]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.split, row.relation].append(row)
    kept = []
    for (split, _), group in groups.items():
        if limits.get(split) is not None:
            group.sort(key=lambda row: hashlib.sha256(f"{seed}/{row.id}".encode()).digest())
            dropped.add(BEYOND, group[limits[split] :])
            group = group[: limits[split]]
        kept += group
    return kept


def _check_splits(rows: list[Row], dropped: Dropped) -> None:
    present = {row.split for row in rows}
    empty = [split for split in SPLITS if split not in present]
    if empty:
        counts = "; ".join(f"{reason}: {count}" for reason, count in dropped.counts.items() if count)
        raise UserError(
            f"no question is left in split {', '.join(empty)} (records dropped: {counts or 'none'}). "
            "Check data.limits and data.relations, and that the data set has questions enough for train, dev and test."
        )


def _warn_of_sentences(rows: list[Row]) -> None:
    words = median(min(len(answer.split()) for answer in row.answers) for row in rows)
    if words > _SENTENCE:
        _log.warning(
            "the shortest answer to a question has %g words in the median: a model hardly ever gives such an answer "
            "word by word. Set data.match to f1 or contains, or leave long answers out by data.max_answer_words",
            words,
        )


def _table(rows: list[Row]) -> pd.DataFrame:
    rows.sort(key=lambda row: (SPLITS.index(row.split), row.relation, row.id))
    columns = {name: [getattr(row, name) for row in rows] for name in QUESTIONS.names}
    columns["answers"] = [list(answers) for answers in columns["answers"]]
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def read_records(path: str | Path) -> Iterator[dict]:
    """Yield the records of a file that ``download_dataset`` or ``simulate_world`` wrote, checked there."""
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)
