"""Ask the model what the SliCK categories need to know of it: every question under every exemplar set.

Three ways give the same labels, as every sample has its own stream. All samples are drawn to their end, so that any
answer rule can judge them later. Or lazily: only where no greedy answer was correct, prompt by prompt, until the first
hit, which serves any rule too. Or each only while it can still become an accepted answer, which serves exact match
alone: what all samples of a prompt cost beside the greedy answer is then little more than the accepted answers' tokens.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Protocol

import pandas as pd

from gradual_learning import prompts as prompting
from gradual_learning.encoding import Encoder
from gradual_learning.progress import Progress
from gradual_learning.records import ANSWERS
from gradual_learning.sampling import Answer, Decoding, Follow, Prompt

TOKENS_A_QUESTION = 16  # of the token budget: 16,384 tokens give 1,024 questions that are labelled together


class Answerer(Protocol):
    """Whatever answers prompts as :class:`sampling.Engine` does."""

    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        follow: Follow | None = None,
    ) -> Iterator[Answer]:
        """Answer every prompt; samples that are not to be followed may be given all the same."""
        ...


def _unheard(questions: int) -> None:
    """Take note of nothing."""


def first_line(text: str) -> str:
    """Return the answer within a model's output: what stands before the first newline, stripped."""
    return text.split("\n", 1)[0].strip()


def is_verbatim(text: str, accepted: Sequence[str]) -> bool:
    """Tell whether an output is, letter for letter, an accepted answer."""
    return first_line(text) in accepted


def count_unanswerable(questions: pd.DataFrame, encoder: Encoder, limit: int) -> int:
    """Count the questions of which every accepted answer is longer than ``limit`` tokens, so that none can be given."""
    shortest = [min(map(len, encoder.answers("A:", list(texts)))) for texts in questions["answers"]]
    return sum(length > limit for length in shortest)


def few_shot_prompts(questions: pd.DataFrame, prompts: pd.DataFrame) -> list[Prompt]:
    """Put every question behind every exemplar set of its relation.

    Args:
        questions: columns of ``records.QUESTIONS``.
        prompts: columns of ``records.PROMPTS``, of one draw.

    Returns:
        One prompt per question and exemplar set; those with the same exemplars form a group.
    """
    sets = {relation: group for relation, group in prompts.groupby("relation")}
    return [
        Prompt(row.id, int(number), f"{row.relation}/{number}", text + prompting.few_shot_suffix(row.question))
        for row in questions.itertuples()
        for number, text in zip(sets[row.relation]["prompt"], sets[row.relation]["text"], strict=True)
    ]


def label(
    engine: Answerer,
    questions: pd.DataFrame,
    prompts: pd.DataFrame,
    decoding: Decoding,
    samples: int,
    lazy: bool,
    size: int,
    may_become: Callable[[str, Sequence[str]], bool] | None = None,
    finish: Callable[[int], None] = _unheard,
) -> Iterator[pd.DataFrame]:
    """Label questions, ``size`` of them at a time, so that memory does not grow with their number.

    Args:
        engine: what answers.
        questions: columns of ``records.QUESTIONS``; those of a relation are taken together, as they share prompts.
        prompts: columns of ``records.PROMPTS``, of one draw.
        decoding: how to answer.
        samples: sampled answers of a prompt.
        lazy: whether to sample only until the first hit.
        size: questions that are labelled together.
        may_become: whether what begins so can become one of these answers; samples that cannot are not drawn on (lazy
            labelling draws them all the same). None: every sample is drawn to its end.
        finish: told how many questions have all their answers, each time that some have.

    Yields:
        Columns of ``records.ANSWERS``.
    """
    ordered = questions.sort_values("relation", kind="stable")
    for start in range(0, len(ordered), size):
        chosen = ordered.iloc[start : start + size]
        asked = few_shot_prompts(chosen, prompts)
        gold = dict(zip(chosen["id"], chosen["answers"].map(tuple), strict=True))
        if lazy:
            yield label_lazily(engine, asked, decoding, samples, gold, finish)
        else:
            follow = may_become and _following(may_become, gold)
            yield label_at_once(engine, asked, decoding, samples, follow, finish)


def _following(may_become: Callable[[str, Sequence[str]], bool], gold: Mapping[str, Sequence[str]]) -> Follow:
    return cache(lambda question, text: may_become(text, gold[question]))


def label_at_once(
    engine: Answerer,
    asked: list[Prompt],
    decoding: Decoding,
    samples: int,
    follow: Follow | None = None,
    finish: Callable[[int], None] = _unheard,
) -> pd.DataFrame:
    """Answer every prompt greedily and by ``samples`` samples in one pass; columns of ``records.ANSWERS``.

    Args:
        engine: what answers.
        asked: the prompts.
        decoding: how.
        samples: sampled answers of a prompt.
        follow: which samples to draw on, by what they say so far; none: all. The others stand as null.
        finish: told how many questions have all their answers, each time that some have.
    """
    left = Counter(prompt.id for prompt in asked)
    answers = {}
    for answer in engine.answer(asked, decoding, samples, follow=follow):
        answers[answer.prompt.id, answer.prompt.number] = answer
        left[answer.prompt.id] -= 1
        finish(int(left[answer.prompt.id] == 0))
    return _table(answers, {})


def label_lazily(
    engine: Answerer,
    asked: list[Prompt],
    decoding: Decoding,
    samples: int,
    gold: Mapping[str, Sequence[str]],
    finish: Callable[[int], None] = _unheard,
) -> pd.DataFrame:
    """Answer every prompt greedily, and sample the questions without a correct answer until the first hit.

    A hit here is an answer equal to an accepted one letter for letter. Whatever the judge later lets pass beside
    that, it finds all it needs: what is hit verbatim is correct by any rule, and what is not was sampled to the end.

    Args:
        engine: what answers.
        asked: the prompts.
        decoding: how.
        samples: sampled answers of a prompt.
        gold: the accepted answers by question id.
        finish: told how many questions have all their answers, each time that some have.

    Returns:
        Columns of ``records.ANSWERS``; the samples of a prompt that was not sampled are an empty list.
    """
    greedy = {(a.prompt.id, a.prompt.number): a for a in engine.answer(asked, decoding, 0)}
    known = {key[0] for key, answer in greedy.items() if is_verbatim(answer.greedy, gold[key[0]])}
    finish(len(known))
    drawn: dict[tuple[str, int], list[str]] = {}
    for number in sorted({prompt.number for prompt in asked}):
        pending = [prompt for prompt in asked if prompt.number == number and prompt.id not in known]
        for answer in engine.answer(pending, decoding, samples, greedy=False):
            drawn[answer.prompt.id, number] = answer.samples
            if any(is_verbatim(text, gold[answer.prompt.id]) for text in answer.samples):
                known.add(answer.prompt.id)
                finish(1)
    finish(len(gold.keys() - known))
    return _table(greedy, drawn)


def _table(greedy: dict[tuple[str, int], Answer], drawn: dict[tuple[str, int], list[str]]) -> pd.DataFrame:
    rows = [
        (
            key[0],
            key[1],
            first_line(answer.greedy),
            [text and first_line(text) for text in drawn.get(key, answer.samples)],
        )
        for key, answer in sorted(greedy.items(), key=lambda item: item[0])
    ]
    return pd.DataFrame(rows, columns=ANSWERS.names)


def answer_zero_shot(engine: Answerer, questions: pd.DataFrame, template: str, decoding: Decoding) -> pd.DataFrame:
    """Answer each question greedily in the prompt of fine-tuning; columns of ``records.ZERO_SHOT``, in their order."""
    asked = [
        Prompt(row.id, 0, row.relation, prompting.zero_shot(row.question, template)) for row in questions.itertuples()
    ]
    answers = {}
    with Progress(len(asked)) as progress:
        for answer in engine.answer(asked, decoding, 0):
            answers[answer.prompt.id] = first_line(answer.greedy)
            progress.answer()
            progress.finish(1)
    return questions[["id", "relation"]].assign(answer=questions["id"].map(answers)).reset_index(drop=True)


def verbatim(engine: Answerer, questions: pd.DataFrame, template: str, decoding: Decoding) -> pd.Series:
    """Tell by question id what is answered zero-shot, letter for letter, with an accepted answer."""
    answers = answer_zero_shot(engine, questions, template, decoding)["answer"]
    right = [is_verbatim(text, gold) for text, gold in zip(answers, questions["answers"], strict=True)]
    return pd.Series(right, index=questions["id"], dtype=bool)
