"""WikiQA (Yang et al. 2015): sentences of Wikipedia that do (label 1) or do not answer a question.

A row is a pair of question and sentence. The correct sentences of a question are its answers; questions without a
correct sentence are left out. The original corpus marks answer phrases within the sentences, in
``WikiQASent.pos.ans.tsv``; with that file, the phrases are the answers.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from gradual_learning.data.sources import hub_files, tabular
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import as_text
from gradual_learning.jobs.errors import UserError

REPOSITORY = "microsoft/wiki_qa"
PATTERNS = ("*.parquet",)

_PHRASES = ("AnswerPhrase1", "AnswerPhrase2", "AnswerPhrase3")
_NO_PHRASE = ("", "NO_ANS")  # not annotated, or the annotator found none


def read(path: str | Path, answer_phrases: str | Path | None = None) -> Iterator[Record]:
    """Yield one record per question with a correct sentence; its row is that of its first correct sentence.

    Args:
        path: see :func:`hub_files.parts`.
        answer_phrases: the file of phrases. A question without a phrase is yielded without an answer.

    Raises:
        UserError: see :func:`hub_files.parts` and :func:`tabular.rows`.
    """
    phrases = _read_phrases(Path(answer_phrases)) if answer_phrases else None
    for part in hub_files.parts(path, PATTERNS, {"train": "train", "dev": "dev", "test": "test"}):
        records: dict[str, Record] = {}
        for place, number, row in part.rows("question_id", "question", "answer", "label"):
            if row["label"] == "1":
                record = records.setdefault(row["question_id"], part.record("wiki_qa", number, row, []))
                record["answers"].append(as_text(row["answer"], f"{place}: answer") or "")
        for question, record in records.items():
            if phrases is not None:
                record["answers"] = list(phrases[question])
            yield record


def _read_phrases(path: Path) -> dict[str, dict[str, None]]:
    """Return the distinct phrases of each question id, in the order of the file."""
    phrases: dict[str, dict[str, None]] = defaultdict(dict)
    for number, row in tabular.unquoted_rows(path):
        for column in ("QuestionID", *_PHRASES):
            if column not in row:
                raise UserError(f"{path}:{number}: {tabular.missing_column(column, row)}")
        marked = (row[column].strip() for column in _PHRASES)
        phrases[row["QuestionID"]] |= {phrase: None for phrase in marked if phrase not in _NO_PHRASE}
    return phrases
