"""TriviaQA (Joshi et al. 2017), the closed-book part ``rc.nocontext``: an answer and its aliases, no relations.

The answers of its test split are not public, so its validation split is the test split here, and there is no dev split.
"""

from collections.abc import Iterator
from pathlib import Path

from gradual_learning.data.sources import hub_files
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import shown, texts
from gradual_learning.jobs.errors import UserError

REPOSITORY = "mandarjoshi/trivia_qa"
PATTERNS = ("rc.nocontext/train*.parquet", "rc.nocontext/validation*.parquet")


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per row; the first answer is the one that the question was written for, then its aliases.

    Raises:
        UserError: see :func:`hub_files.parts` and :func:`tabular.rows`; or an answer has an unexpected structure.
    """
    for part in hub_files.parts(path, PATTERNS, {"train": "train", "dev": "test"}):
        for place, number, row in part.rows("question", "answer"):
            yield part.record("trivia_qa", number, row, _answers(row["answer"], place))


def _answers(answer: object, place: str) -> list[str]:
    if not isinstance(answer, dict) or not {"value", "aliases"} <= answer.keys():
        raise UserError(f'{place}: expected an answer with "value" and "aliases", got {shown(answer)}.')
    aliases = texts(answer["aliases"], f"{place}: answer.aliases")
    return list(dict.fromkeys([*texts(answer["value"], f"{place}: answer.value"), *aliases]))
