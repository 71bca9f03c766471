"""WikiQA (Yang et al. 2015): sentences of Wikipedia that do (label 1) or do not answer a question.

Rows are pairs of question and sentence, so the right ones are joined per question; a question without a right sentence
does not appear. The original corpus names answer phrases within the sentences in ``WikiQASent.pos.ans.tsv``; where that
file is given, its phrases are the answers instead.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from gradual_learning.records import UserError
from gradual_learning.sources import hub_files, tabular
from gradual_learning.sources.record import Record
from gradual_learning.sources.texts import as_text

REPOSITORY = "microsoft/wiki_qa"
PATTERNS = ("*.parquet",)

_PHRASES = ("AnswerPhrase1", "AnswerPhrase2", "AnswerPhrase3")
_UNLABELLED = ("", "NO_ANS")  # of the phrases: nobody marked one, or the annotator found none


def read(path: str | Path, phrases: str | Path | None = None) -> Iterator[Record]:
    """Yield one record per question that has a right sentence; its row is that of the first one.

    Args:
        path: see :func:`hub_files.parts`.
        phrases: the phrase file. A question that it gives no phrase for is yielded without an answer.

    Raises:
        UserError: see :func:`hub_files.parts` and :func:`tabular.rows`.
    """
    phrases_of = _read_phrases(Path(phrases)) if phrases else None
    for part in hub_files.parts(path, PATTERNS, {"train": "train", "dev": "dev", "test": "test"}):
        records: dict[str, Record] = {}
        for place, number, row in part.rows("question_id", "question", "answer", "label"):
            if row["label"] == "1":
                record = records.setdefault(row["question_id"], part.record("wiki_qa", number, row, []))
                record["answers"].append(as_text(row["answer"], f"{place}: answer") or "")
        for name, record in records.items():
            if phrases_of is not None:
                record["answers"] = list(phrases_of[name])
            yield record


def _read_phrases(path: Path) -> dict[str, dict[str, None]]:
    """Return the distinct phrases of each question, in the order of the file."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for number, row in tabular.unquoted_rows(path):
        for column in ("QuestionID", *_PHRASES):
            if column not in row:
                raise UserError(f"{path}:{number}: {tabular.lacking(column, row)}")
        marked = (row[column].strip() for column in _PHRASES)
        found[row["QuestionID"]] |= {phrase: None for phrase in marked if phrase not in _UNLABELLED}
    return found
