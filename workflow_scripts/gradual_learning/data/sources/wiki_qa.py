"""WikiQA (Yang et al. 2015): sentences of Wikipedia that do (label 1) or do not answer a question.

A row is a pair of question and sentence. The correct sentences of a question are its answers; questions without a
correct sentence are left out. The original corpus marks answer phrases within the sentences, in
``WikiQASent.pos.ans.tsv``; with that file, the phrases are the answers. The files of the hub do not contain it.
"""

import io
import logging
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from gradual_learning.data.sources import hub_files, tabular, wiki_qa_corpus
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import as_text
from gradual_learning.jobs.errors import UserError

REPOSITORY = "microsoft/wiki_qa"
PATTERNS = ("*.parquet",)

_PHRASES = ("AnswerPhrase1", "AnswerPhrase2", "AnswerPhrase3")
_NO_PHRASE = ("", "NO_ANS")  # not annotated, or the annotator found none

_log = logging.getLogger(__name__)


def read(path: str | Path, answer_phrases: str | Path | None = None) -> Iterator[Record]:
    """Yield one record per question with a correct sentence; its row is that of its first correct sentence.

    Args:
        path: the files of the hub (:func:`hub_files.parts`) or the original corpus (:func:`wiki_qa_corpus.load`).
        answer_phrases: the file of phrases; without it, that of the original corpus, if it has one. A question without
            a phrase is yielded without an answer.

    Raises:
        UserError: see these functions and :func:`tabular.rows`.
    """
    parts, marked = _files(Path(path))
    if answer_phrases:
        marked = str(answer_phrases), Path(answer_phrases).read_bytes()
    _log.info("answers are %s", f"the phrases in {marked[0]}" if marked else "sentences")
    phrases = _read_phrases(*marked) if marked else None
    for part in parts:
        records: dict[str, Record] = {}
        for place, number, row in part.rows("question_id", "question", "answer", "label"):
            if row["label"] == "1":
                record = records.setdefault(row["question_id"], part.record("wiki_qa", number, row, []))
                record["answers"].append(as_text(row["answer"], f"{place}: answer") or "")
        for question, record in records.items():
            if phrases is not None:
                record["answers"] = list(phrases[question])
            yield record


def _files(path: Path) -> tuple[list[hub_files.Part], tuple[str, bytes] | None]:
    """Return the files of the splits, and the name and content of the file of phrases among them."""
    corpus = wiki_qa_corpus.load(path)
    if corpus:
        return corpus.parts, corpus.phrases
    patterns = (*PATTERNS, wiki_qa_corpus.LAYOUT)  # the second matches no file and completes the error
    return hub_files.parts(path, patterns, {"train": "train", "dev": "dev", "test": "test"}), None


def _read_phrases(place: str, content: bytes) -> dict[str, dict[str, None]]:
    """Return the distinct phrases of each question id, in the order of the file."""
    phrases: dict[str, dict[str, None]] = defaultdict(dict)
    for number, row in tabular.unquoted_rows(io.BytesIO(content), place):
        for column in ("QuestionID", *_PHRASES):
            if column not in row:
                raise UserError(f"{place}:{number}: {tabular.missing_column(column, row)}")
        marked = (row[column].strip() for column in _PHRASES)
        phrases[row["QuestionID"]] |= {phrase: None for phrase in marked if phrase not in _NO_PHRASE}
    return phrases
