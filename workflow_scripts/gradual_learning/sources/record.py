"""The record that every source yields, and the names that sources give to the splits."""

import re
from typing import NotRequired, TypedDict


class Record(TypedDict):
    """A question as its source words it; what is dropped is decided later, in ``questions``."""

    question: str
    answers: list[str]
    relation: str  # the kind of question; a source that knows no kinds has its own name here
    subject: str | None  # what the question is about, None where the source does not tell
    split: str | None  # train, dev or test, None where the source has no splits
    source: str
    file: str
    row: int  # row or line of that file, from 1
    user_id: NotRequired[str]  # the id that a user's own file gives


SPLIT_NAMES = {"train": "train", "dev": "dev", "validation": "dev", "valid": "dev", "val": "dev", "test": "test"}
_SPLIT_IN_NAME = re.compile(rf"(?<![a-z])({'|'.join(SPLIT_NAMES)})(?![a-z])")


def split_of(name: str) -> str | None:
    """Return the split that a file's name tells, as ``data/validation-00000-of-00001.parquet`` tells dev."""
    found = _SPLIT_IN_NAME.search(name.rpartition("/")[2].lower())
    return SPLIT_NAMES[found[1]] if found else None
