"""PopQA (Mallen et al. 2023): one file, 16 relations, the subject of each question, no splits."""

from collections.abc import Iterator
from pathlib import Path

from gradual_learning.data.sources import hub_files
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import as_text, json_list

REPOSITORY = "akariasai/PopQA"
PATTERNS = ("*.tsv", "*.parquet")


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per row.

    Raises:
        UserError: see :func:`hub_files.parts` and :func:`tabular.rows`; or the answers of a row are not a JSON list.
    """
    for part in hub_files.parts(path, PATTERNS):
        for place, number, row in part.rows("question", "possible_answers", "prop", "subj"):
            answers = json_list(row["possible_answers"] or "[]", f"{place}: possible_answers")
            relation, subject = as_text(row["prop"], f"{place}: prop"), as_text(row["subj"], f"{place}: subj")
            yield part.record("popqa", number, row, answers, relation, subject)
