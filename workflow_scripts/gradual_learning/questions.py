"""From records to the questions table: what is dropped and why, stable ids, seeded limits.

Every dropped record is counted under a reason, so that records read = questions kept + records dropped.
"""

import hashlib
import json
import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd

from gradual_learning.records import QUESTIONS, SPLITS, UserError, nearest, question_id

POLICIES = ("any", "first", "drop")

UNSELECTED = "relation not selected"
BLANK_QUESTION = "blank question"
BLANK_ANSWERS = "no answer but blanks"
CONFLICT = "the same question has different answers"
DUPLICATE = "duplicate question"
SEVERAL = "several answers"
GIVEN_AWAY = "answer stands in the question"
TEST_SUBJECT = "training question about the subject of a test question"
REVERSED = "training question answered by the subject of a test question of its relation"
BEYOND = "beyond the limit of questions"
REASONS = (
    *(UNSELECTED, BLANK_QUESTION, BLANK_ANSWERS, CONFLICT, DUPLICATE),
    *(SEVERAL, GIVEN_AWAY, TEST_SUBJECT, REVERSED, BEYOND),
)

_KEEP_FIRST = {"test": 0, "dev": 1, "train": 2}  # a duplicate stays where it can leak least
_SURROGATE = re.compile("[\ud800-\udfff]")
_log = logging.getLogger(__name__)


class _Dropped:
    """Counts dropped records by reason, with the alphabetically first as the example (whatever the record order)."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self.examples: dict[str, str] = {}

    def add(self, reason: str, rows: Iterable[dict]) -> None:
        """Count the rows."""
        for row in rows:
            example = f"{row['question']} -> {' | '.join(row['answers'])} ({row['relation']}, {row['split']})"
            self.counts[reason] += 1
            self.examples[reason] = min(self.examples.get(reason, example), example)

    def sift(self, reason: str, rows: list[dict], unwanted: Callable[[dict], bool]) -> list[dict]:
        """Return the rows that are not unwanted and count the others."""
        kept: list[dict] = []
        for row in rows:
            if unwanted(row):
                self.add(reason, [row])
            else:
                kept.append(row)
        return kept

    def table(self) -> pd.DataFrame:
        rows = [(reason, count, self.examples.get(reason, "")) for reason, count in self.counts.items()]
        return pd.DataFrame(rows, columns=["reason", "count", "example"])


def prepare(
    records: Iterable[dict],
    *,
    multiple_answers: str,
    relations: list[str],
    limits: dict[str, int | None],
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clean the records of a data set and give each question its id; neither table depends on the record order.

    Dropped, in this order: relations not asked for; blank questions; questions with blank answers only (a blank beside
    others is just left out); questions whose records disagree on the answers, wherever they stand, as such a question
    is ambiguous; further records of a question (of several splits the test split keeps it, else dev); with policy
    ``drop`` those with several answers; those whose question holds an accepted answer as words; training questions
    that share their subject with a test question of any relation, or have the subject of a test question of their own
    relation as an answer (``Who is A married to? B`` against ``Who is B married to?``); questions beyond the limits.

    Gekhman et al. 2024 (appendix A) remove training rows whose subject or object occurs in test. Taken literally the
    latter would empty typed relations, as every country that is an answer in test is one in training too; the reversed
    fact is what remains of that rule.

    Args:
        records: dicts with question, answers, relation, split, source and perhaps subject.
        multiple_answers: ``any``: each accepted answer is right; ``first``: only the first; ``drop``: leave such out.
        relations: the relations to keep; an empty list keeps all.
        limits: questions to keep per relation for each split, None for all; a seeded sample.
        seed: of that sample, in which a question's place does not depend on the other questions.

    Returns:
        The questions table (columns of ``records.QUESTIONS``, sorted by split, relation and id), and the table of
        dropped records: reason, count, example; one row for every reason, those that dropped nothing too.

    Raises:
        UserError: a relation is unknown, the policy is unknown, or a split ends up empty.
    """
    if multiple_answers not in POLICIES:
        raise UserError(f"data/multiple_answers: {multiple_answers!r} is unknown; use one of {', '.join(POLICIES)}.")
    dropped = _Dropped()
    rows = _selected([_tidied(record) for record in records], relations, dropped)
    rows = dropped.sift(BLANK_QUESTION, rows, lambda row: not _key(row["question"]))
    rows = dropped.sift(BLANK_ANSWERS, rows, lambda row: not row["answers"])
    rows = _unique(rows, dropped)
    rows = _with_policy(rows, multiple_answers, dropped)
    rows = dropped.sift(GIVEN_AWAY, rows, _gives_away)
    rows = _without_test_subjects(rows, dropped)
    rows = _limited(rows, limits, seed, dropped)
    _check_splits(rows, dropped)
    _log.info("%d questions kept, %d records dropped", len(rows), sum(dropped.counts.values()))
    return _table(rows), dropped.table()


def _tidied(record: dict) -> dict:
    """Squeeze white space (a newline would end a prompt line); leave out blank answers and those that match another."""
    question = _squeezed(record["question"])
    answers = {text.casefold(): text for text in map(_squeezed, reversed(record["answers"])) if _key(text)}
    return {
        "id": question_id(question, record["relation"]),
        "question": question,
        "answers": list(reversed(answers.values())),
        "relation": record["relation"],
        "subject": _squeezed(record.get("subject") or "") or None,
        "split": record["split"],
        "source": record["source"],
    }


def _squeezed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=1 << 18)
def _key(text: str) -> str:
    """Bring a text to the form compared here; no part of the answer rule, so a changed rule leaves the questions be."""
    folded = unicodedata.normalize("NFC", text).casefold()
    words = "".join(mark if unicodedata.category(mark)[0] in "LMN" else " " for mark in folded).split()
    return " ".join(words or "".join(mark for mark in folded if unicodedata.category(mark) != "Cf").split())


def _gives_away(row: dict) -> bool:
    return any(f" {_key(answer)} " in f" {_key(row['question'])} " for answer in row["answers"])


def _selected(rows: list[dict], relations: list[str], dropped: _Dropped) -> list[dict]:
    known = {row["relation"] for row in rows}
    for relation in relations:
        if relation not in known:
            raise UserError(f"data/relations: no question has the relation {relation!r}; {nearest(relation, known)}")
    wanted = set(relations) or known
    return dropped.sift(UNSELECTED, rows, lambda row: row["relation"] not in wanted)


def _unique(rows: list[dict], dropped: _Dropped) -> list[dict]:
    groups: dict[str, list[dict]] = defaultdict(list)
    for row in rows:
        groups[row["id"]].append(row)
    kept = []
    for group in groups.values():
        if len({frozenset(map(_key, row["answers"])) for row in group}) > 1:
            dropped.add(CONFLICT, group)
            continue
        group.sort(key=lambda row: (_KEEP_FIRST[row["split"]], row["answers"], row["subject"] or "", row["source"]))
        dropped.add(DUPLICATE, group[1:])
        kept.append(group[0])
    return kept


def _with_policy(rows: list[dict], multiple_answers: str, dropped: _Dropped) -> list[dict]:
    if multiple_answers == "drop":
        return dropped.sift(SEVERAL, rows, lambda row: len(row["answers"]) > 1)
    if multiple_answers == "first":
        return [row | {"answers": row["answers"][:1]} for row in rows]
    return rows


def _without_test_subjects(rows: list[dict], dropped: _Dropped) -> list[dict]:
    tested = {(row["relation"], _key(row["subject"])) for row in rows if row["split"] == "test" and row["subject"]}
    subjects = {subject for _, subject in tested}

    def shares_subject(row: dict) -> bool:
        return row["split"] == "train" and row["subject"] is not None and _key(row["subject"]) in subjects

    def is_reversed(row: dict) -> bool:
        answers = ((row["relation"], _key(answer)) for answer in row["answers"])
        return row["split"] == "train" and any(answer in tested for answer in answers)

    return dropped.sift(REVERSED, dropped.sift(TEST_SUBJECT, rows, shares_subject), is_reversed)


def _limited(rows: list[dict], limits: dict[str, int | None], seed: int, dropped: _Dropped) -> list[dict]:
    groups: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for row in rows:
        groups[row["split"], row["relation"]].append(row)
    kept = []
    for (split, _), group in groups.items():
        group.sort(key=lambda row: hashlib.sha256(f"{seed}/{row['id']}".encode()).digest())
        limit = len(group) if limits.get(split) is None else limits[split]
        kept += group[:limit]
        dropped.add(BEYOND, group[limit:])
    return kept


def _check_splits(rows: list[dict], dropped: _Dropped) -> None:
    empty = [split for split in SPLITS if not any(row["split"] == split for row in rows)]
    if empty:
        counts = "; ".join(f"{reason}: {count}" for reason, count in dropped.counts.items() if count)
        raise UserError(
            f"no question is left in split {', '.join(empty)} (records dropped: {counts or 'none'}). "
            "Check data/limits and data/relations, and that the data set has a train, a dev and a test split."
        )


def _table(rows: list[dict]) -> pd.DataFrame:
    rows.sort(key=lambda row: (SPLITS.index(row["split"]), row["relation"], row["id"]))
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in QUESTIONS.names})


def read_jsonl(path: str | Path) -> Iterator[dict]:
    """Yield the records of a JSON-lines file; blank lines are passed over.

    Raises:
        UserError: the file is missing or no UTF-8, or a line is no record; the line is named.
    """
    try:
        with open(path, "rb") as handle:
            for number, line in enumerate(handle, start=1):
                if line.strip():
                    yield _record(line, f"{path}:{number}")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from error


def _record(line: bytes, place: str) -> dict:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{place}: not UTF-8 text (byte {error.start} of the line); save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        shown = line.decode()[max(0, error.colno - 61) : error.colno + 60].strip()
        raise UserError(f"{place}:{error.colno}: broken JSON ({error.msg}): {shown!r}. Mend the line.") from error
    if not isinstance(record, dict):
        raise UserError(f'{place}: expected one record such as {{"question": ...}} a line, got {_shown(record)}.')
    _check_record(record, place)
    return record


def _check_record(record: dict, place: str) -> None:
    for key in ("question", "relation", "split", "source"):
        if not _is_text(record.get(key)):
            raise UserError(f"{place}: {key} must be a text, got {_shown(record.get(key))}.")
    if record["split"] not in SPLITS:
        raise UserError(f"{place}: split must be one of {', '.join(SPLITS)}, got {_shown(record['split'])}.")
    if not record["relation"].strip():
        raise UserError(f"{place}: relation is blank; name the kind of question, the same for all of a kind.")
    answers = record.get("answers")
    if not isinstance(answers, list) or not all(map(_is_text, answers)):
        raise UserError(f'{place}: answers must be a list of texts such as ["1.0"], got {_shown(answers)}.')
    if record.get("subject") is not None and not _is_text(record["subject"]):
        raise UserError(f"{place}: subject must be a text or null, got {_shown(record['subject'])}.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not _SURROGATE.search(value)


def _shown(value: object) -> str:
    return json.dumps(value)[:80]
