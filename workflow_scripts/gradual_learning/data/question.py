"""A question during cleaning, the form in which texts are compared there, and the counts of dropped questions."""

import hashlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def question_id(question: str, relation: str) -> str:
    """Return 16 hexadecimal digits that depend only on the relation and the question (NFC, white space collapsed)."""
    return hashlib.sha256(f"{relation}\n{_collapsed(question)}".encode()).hexdigest()[:16]


class Row(NamedTuple):
    """A normalized question with the columns of ``schemas.QUESTIONS``; its split may still be missing."""

    id: str
    question: str
    answers: tuple[str, ...]
    relation: str
    subject: str | None
    split: str | None
    source: str
    source_id: str | None = None


class Dropped:
    """Counts dropped rows by reason, with the alphabetically first one as an example, whatever their order."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.counts = dict.fromkeys(reasons, 0)
        self.examples: dict[str, str] = {}

    def add(self, reason: str, rows: Iterable[Row]) -> None:
        """Count rows under a reason."""
        for row in rows:
            example = f"{row.question} -> {' | '.join(row.answers)} ({row.relation}, {row.split or 'no split'})"
            self.counts[reason] += 1
            self.examples[reason] = min(self.examples.get(reason, example), example)

    def drop_where(self, reason: str, rows: list[Row], condition: Callable[[Row], bool]) -> list[Row]:
        """Count the rows that fulfill a condition, and return the others."""
        kept: list[Row] = []
        for row in rows:
            if condition(row):
                self.add(reason, [row])
            else:
                kept.append(row)
        return kept

    def table(self) -> pd.DataFrame:
        """Return the columns reason, count and example, with a row for every reason."""
        rows = [(reason, count, self.examples.get(reason, "")) for reason, count in self.counts.items()]
        return pd.DataFrame(rows, columns=["reason", "count", "example"])


def normalized(record: Mapping[str, Any]) -> Row:
    """Collapse white space, as a line break would end a line of a prompt; leave out blank and repeated answers.

    Control characters count as white space: terminals obey some, and XML cannot hold them.

    Answers that differ only in case count as repeated; the first spelling is kept.
    """
    question = _collapsed(record["question"])
    relation = _collapsed(record["relation"]) or record["source"]
    answers = {text.casefold(): text for text in map(_collapsed, reversed(record["answers"])) if folded(text)}
    return Row(
        id=question_id(question, relation),
        question=question,
        answers=tuple(reversed(answers.values())),
        relation=sys.intern(relation),  # one string object for all questions of a relation, to save memory
        subject=_collapsed(record.get("subject") or "") or None,
        split=record["split"] and sys.intern(record["split"]),
        source=sys.intern(record["source"]),
        source_id=record.get("source_id"),
    )


def _collapsed(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())


class _WordCharacters(dict[int, str]):
    """Maps a character to itself if it is part of a word (letter, mark, number), and to a space otherwise."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if unicodedata.category(character)[0] in "LMN" else " "
        return self[code]


_WORD_CHARACTERS = _WordCharacters()


def folded(text: str) -> str:
    """Return the form in which texts are compared: NFC, case folded, words only; without words, other characters.

    Independent of the normalizer of answers (:mod:`knowledge.normalization`), whose changes must not change questions.
    """
    lower = unicodedata.normalize("NFC", text).casefold()
    words = lower.translate(_WORD_CHARACTERS).split()
    return " ".join(words or "".join(mark for mark in lower if unicodedata.category(mark) != "Cf").split())
