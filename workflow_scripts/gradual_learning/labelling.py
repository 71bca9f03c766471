"""Ask the model what the SliCK categories need to know of it: every question under every exemplar set.

Nothing here depends on the answer rule (:mod:`answers`): a changed rule judges anew what was answered, it runs no
model. Full mode draws all samples. Lazy mode draws them only where no greedy answer was correct, prompt by prompt,
and stops at the first hit: the labels are the same, as every sample has its own stream, and most of the work is
saved.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradual_learning import prompts as prompting
from gradual_learning.encoding import Encoder
from gradual_learning.records import ANSWERS
from gradual_learning.sampling import Answer, Decoding, Engine, Prompt


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


def label_full(engine: Engine, asked: list[Prompt], decoding: Decoding, samples: int) -> pd.DataFrame:
    """Answer every prompt greedily and by ``samples`` samples; columns of ``records.ANSWERS``."""
    answers = engine.answer(_told(asked), decoding, samples)
    return _table({(answer.prompt.id, answer.prompt.number): answer for answer in answers}, {})


def label_lazily(
    engine: Engine, asked: list[Prompt], decoding: Decoding, samples: int, gold: dict[str, list[str]]
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

    Returns:
        Columns of ``records.ANSWERS``; the samples of a prompt that was not sampled are an empty list.
    """
    greedy = {(a.prompt.id, a.prompt.number): a for a in engine.answer(_told(asked), decoding, 0)}
    known = {key[0] for key, answer in greedy.items() if is_verbatim(answer.greedy, gold[key[0]])}
    drawn: dict[tuple[str, int], list[str]] = {}
    for number in sorted({prompt.number for prompt in asked}):
        pending = [prompt for prompt in asked if prompt.number == number and prompt.id not in known]
        logging.info("sampling prompt %d: %d questions without a correct answer", number, len(pending))
        for answer in engine.answer(pending, decoding, samples, greedy=False):
            drawn[answer.prompt.id, number] = answer.samples
            if any(is_verbatim(text, gold[answer.prompt.id]) for text in answer.samples):
                known.add(answer.prompt.id)
    return _table(greedy, drawn)


def _told(asked: list[Prompt]) -> list[Prompt]:
    logging.info("%d prompts for %d questions", len(asked), len({prompt.id for prompt in asked}))
    return asked


def _table(greedy: dict[tuple[str, int], Answer], drawn: dict[tuple[str, int], list[str]]) -> pd.DataFrame:
    rows = [
        (key[0], key[1], first_line(answer.greedy), [first_line(text) for text in drawn.get(key, answer.samples)])
        for key, answer in sorted(greedy.items(), key=lambda item: item[0])
    ]
    return pd.DataFrame(rows, columns=ANSWERS.names)


def answer_zero_shot(engine: Engine, questions: pd.DataFrame, template: str, decoding: Decoding) -> pd.DataFrame:
    """Answer each question greedily in the prompt of fine-tuning; columns of ``records.ZERO_SHOT``, in their order."""
    asked = [
        Prompt(row.id, 0, row.relation, prompting.zero_shot(row.question, template)) for row in questions.itertuples()
    ]
    answers = {answer.prompt.id: first_line(answer.greedy) for answer in engine.answer(asked, decoding, 0)}
    return questions[["id", "relation"]].assign(answer=questions["id"].map(answers)).reset_index(drop=True)


def verbatim_accuracy(engine: Engine, questions: pd.DataFrame, template: str, decoding: Decoding) -> float:
    """Return the share of questions answered zero-shot, letter for letter, with an accepted answer."""
    answers = answer_zero_shot(engine, questions, template, decoding)["answer"]
    return float(np.mean([is_verbatim(text, gold) for text, gold in zip(answers, questions["answers"], strict=True)]))
