"""WebQuestions (Berant et al. 2013): train and test, several answers per question, no relations."""

from collections.abc import Iterator
from pathlib import Path

from gradual_learning.data.sources import hub_files
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import texts

REPOSITORY = "stanfordnlp/web_questions"
PATTERNS = ("*.parquet",)


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per row.

    Raises:
        UserError: see :func:`hub_files.parts` and :func:`tabular.rows`; or a value is not a text.
    """
    for part in hub_files.parts(path, PATTERNS, {"train": "train", "test": "test"}):
        for place, number, row in part.rows("question", "answers"):
            yield part.record("web_questions", number, row, texts(row["answers"], f"{place}: answers"))
