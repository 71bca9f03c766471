"""Natural Questions, open-domain (Lee et al. 2019): no relations; its validation split is the test split here."""

from collections.abc import Iterator
from pathlib import Path

from gradual_learning.data.sources import hub_files
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import texts

REPOSITORY = "google-research-datasets/nq_open"
PATTERNS = ("*.parquet",)


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per row.

    Raises:
        UserError: see :func:`hub_files.parts` and :func:`tabular.rows`; or a value is not a text.
    """
    for part in hub_files.parts(path, PATTERNS, {"train": "train", "dev": "test"}):
        for place, number, row in part.rows("question", "answer"):
            yield part.record("nq_open", number, row, texts(row["answer"], f"{place}: answer"))
