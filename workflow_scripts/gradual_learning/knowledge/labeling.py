"""Query a model: prompts and answers, few-shot for the SliCK categories and zero-shot for evaluation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from gradual_learning.data import prompts as prompting
from gradual_learning.generation.decoding import Answer, Decoding, KeepSampling, Prompt
from gradual_learning.jobs.progress import Progress
from gradual_learning.models.tokenization import Encoder


class Answerer(Protocol):
    """An engine: anything that answers prompts like :class:`gradual_learning.generation.engine.Engine`."""

    encoder: Encoder

    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        keep_sampling: KeepSampling | None = None,
        drop_greedy: bool = False,
    ) -> Iterator[Answer]:
        """Answer every prompt; an engine may generate answers to their end that need not be continued."""
        ...


@dataclass(frozen=True)
class Estimator:
    """How the answers to few-shot prompts are computed."""

    schema: pa.Schema  # of the table
    settings: list[Any]  # what the table depends on, in addition to the shard; as JSON
    compute: Callable[[Any, pd.DataFrame, pd.DataFrame, Progress], pd.DataFrame]  # engine, questions, prompts -> table


def first_line(text: str) -> str:
    """Return the answer in the output of a model: the text before the first newline, stripped."""
    return text.split("\n", 1)[0].strip()


def is_verbatim(text: str, accepted: Sequence[str]) -> bool:
    """Return whether an output equals an accepted answer letter for letter."""
    return first_line(text) in accepted


def can_become_verbatim(text: str, accepted: Sequence[str]) -> bool:
    """Return whether an output that starts with ``text`` can equal an accepted answer letter for letter."""
    start = text.lstrip()
    return any(answer.startswith(start) or start.rstrip() == answer for answer in accepted)


def count_unanswerable(questions: pd.DataFrame, encoder: Encoder, max_new_tokens: int) -> int:
    """Count the questions whose accepted answers are all longer than ``max_new_tokens``."""
    shortest = [min(map(len, encoder.encode_answers("A:", list(texts)))) for texts in questions["answers"]]
    return sum(length > max_new_tokens for length in shortest)


def few_shot_prompts(questions: pd.DataFrame, prompts: pd.DataFrame) -> list[Prompt]:
    """Append every question to every exemplar set of its relation.

    Args:
        questions: columns of ``schemas.QUESTIONS``.
        prompts: columns of ``schemas.PROMPTS``, of one draw.

    Returns:
        One prompt per question and exemplar set; prompts with the same exemplars form a group.
    """
    sets = dict(iter(prompts.groupby("relation")))
    return [
        Prompt(row.id, int(number), f"{row.relation}/{number}", text + prompting.few_shot_suffix(row.question))
        for row in questions.itertuples()
        for number, text in zip(sets[row.relation]["prompt"], sets[row.relation]["text"], strict=True)
    ]


def answer_zero_shot(engine: Answerer, questions: pd.DataFrame, template: str, decoding: Decoding) -> pd.DataFrame:
    """Answer each question greedily in the prompt of fine-tuning.

    The prompts form one group, since a large batch is faster than what questions of a relation have in common.

    Returns:
        id, relation and answer, in the order of ``questions``.
    """
    prompts = _zero_shot_prompts(questions, template)
    answers = {}
    with Progress(len(prompts)) as progress:
        for answer in engine.answer(prompts, decoding, 0):
            answers[answer.prompt.id] = first_line(answer.greedy or "")
            progress.answer()
            progress.finish(1)
    return questions[["id", "relation"]].assign(answer=questions["id"].map(answers)).reset_index(drop=True)


def join_epochs(answers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the zero-shot answers of several epochs of a checkpoint into columns of ``schemas.ZERO_SHOT``."""
    return pd.concat([table.assign(epoch=epoch) for epoch, table in answers.items()], ignore_index=True)


def verbatim(engine: Answerer, questions: pd.DataFrame, template: str, decoding: Decoding) -> pd.Series:
    """Return by question id whether the zero-shot answer equals an accepted answer letter for letter.

    An answer is generated only as long as it can still be correct.
    """
    accepted = dict(zip(questions["id"], questions["answers"], strict=True))

    def keep(question: str, text: str) -> bool:
        return can_become_verbatim(text, accepted[question])

    prompts = _zero_shot_prompts(questions, template)
    answers = engine.answer(prompts, decoding, 0, keep_sampling=keep, drop_greedy=True)
    correct = {answer.prompt.id: is_verbatim(answer.greedy or "", accepted[answer.prompt.id]) for answer in answers}
    return questions["id"].map(correct).set_axis(questions["id"]).astype(bool)


def _zero_shot_prompts(questions: pd.DataFrame, template: str) -> list[Prompt]:
    rows = questions.itertuples()
    return [Prompt(row.id, 0, "zero-shot", prompting.zero_shot(row.question, template)) for row in rows]
