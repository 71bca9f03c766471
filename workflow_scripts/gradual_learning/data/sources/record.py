"""The record that every source yields, and the names of splits in data sets."""

import re
from typing import NotRequired, TypedDict


class Record(TypedDict):
    """A question as its source words it; :mod:`cleaning` decides later what is dropped."""

    question: str
    answers: list[str]
    relation: str  # the kind of question; the name of the source if it has no relations
    subject: str | None  # the entity that the question is about, None if the source does not name it
    split: str | None  # train, dev or test, None if the source has no splits
    source: str
    file: str
    row: int  # row or line of the file, from 1
    source_id: NotRequired[str | None]  # the id of the question in the user's own file


SPLIT_NAMES = {"train": "train", "dev": "dev", "validation": "dev", "valid": "dev", "val": "dev", "test": "test"}
_SPLIT_IN_NAME = re.compile(rf"(?<![a-z])({'|'.join(SPLIT_NAMES)})(?![a-z])")


def split_of(name: str) -> str | None:
    """Return the split in the name of a file, for example dev for ``data/validation-00000-of-00001.parquet``."""
    found = _SPLIT_IN_NAME.search(name.rpartition("/")[2].lower())
    return SPLIT_NAMES[found[1]] if found else None
