"""A question on its way to the table, the form in which texts are compared there, and the count of what is dropped."""

import sys
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pandas as pd

from gradual_learning.records import question_id


class Row(NamedTuple):
    """A question, tidied: the columns of ``records.QUESTIONS``."""

    id: str
    question: str
    answers: tuple[str, ...]
    relation: str
    subject: str | None
    split: str | None
    source: str


class Dropped:
    """Counts dropped rows by reason, with the alphabetically first as the example (whatever their order)."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.counts = dict.fromkeys(reasons, 0)
        self.examples: dict[str, str] = {}

    def add(self, reason: str, rows: Iterable[Row]) -> None:
        """Count the rows."""
        for row in rows:
            example = f"{row.question} -> {' | '.join(row.answers)} ({row.relation}, {row.split or 'no split'})"
            self.counts[reason] += 1
            self.examples[reason] = min(self.examples.get(reason, example), example)

    def sift(self, reason: str, rows: list[Row], unwanted: Callable[[Row], bool]) -> list[Row]:
        """Return the rows that are not unwanted and count the others."""
        kept: list[Row] = []
        for row in rows:
            if unwanted(row):
                self.add(reason, [row])
            else:
                kept.append(row)
        return kept

    def table(self) -> pd.DataFrame:
        """Return the columns reason, count and example, one row for every reason."""
        rows = [(reason, count, self.examples.get(reason, "")) for reason, count in self.counts.items()]
        return pd.DataFrame(rows, columns=["reason", "count", "example"])


def tidied(record: dict) -> Row:
    """Squeeze white space (a newline would end a prompt line); leave out blank answers and those that match another."""
    question = _squeezed(record["question"])
    answers = {text.casefold(): text for text in map(_squeezed, reversed(record["answers"])) if folded(text)}
    return Row(
        id=question_id(question, record["relation"]),
        question=question,
        answers=tuple(reversed(answers.values())),
        relation=sys.intern(record["relation"]),  # one text for all questions of a relation: a million fit in memory
        subject=_squeezed(record.get("subject") or "") or None,
        split=record["split"] and sys.intern(record["split"]),
        source=sys.intern(record["source"]),
    )


def _squeezed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


class _WordsAlone(dict[int, str]):
    """Maps a character to itself where it is part of a word (letter, mark, number), else to a space."""

    def __missing__(self, code: int) -> str:
        self[code] = mark if unicodedata.category(mark := chr(code))[0] in "LMN" else " "
        return self[code]


_WORDS_ALONE = _WordsAlone()


def folded(text: str) -> str:
    """Bring a text to the form compared here: NFC, case folded, words alone; of a text without words its marks.

    It is no part of the answer rule, so that a changed rule leaves the questions be.
    """
    lower = unicodedata.normalize("NFC", text).casefold()
    words = lower.translate(_WORDS_ALONE).split()
    return " ".join(words or "".join(mark for mark in lower if unicodedata.category(mark) != "Cf").split())
