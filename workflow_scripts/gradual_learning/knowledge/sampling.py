"""Sample the answers that the SliCK categories need: every question under every exemplar set.

There are three ways to sample, and all lead to the same labels, because each sample has its own random stream:

- ``full`` draws all samples to their end, so that any answer match can judge them later.
- ``lazy`` samples only questions without a correct greedy answer, prompt by prompt, until the first correct sample.
  Any answer match can judge these answers, too.
- ``pruned`` continues each sample only while it can still match an accepted answer, which serves exact match only. All
  samples of a prompt then cost little more than the tokens of its accepted answers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import pandas as pd

from gradual_learning.generation.decoding import Answer, Decoding, KeepSampling, Prompt
from gradual_learning.jobs.progress import Progress
from gradual_learning.knowledge.labeling import Answerer, Estimator, few_shot_prompts, first_line, is_verbatim
from gradual_learning.knowledge.normalization import can_still_match
from gradual_learning.tables.schemas import ANSWERS


def estimator(params: Mapping[str, Any], decoding: Decoding) -> Estimator:
    """Return the estimator that samples, from the params of a rule."""
    samples, sampling = params["samples_per_prompt"], params["sampling"]
    compute = partial(sample_answers, decoding=decoding, samples=samples, sampling=sampling)
    return Estimator(ANSWERS, [sampling, samples], compute)


def sample_answers(
    engine: Answerer,
    questions: pd.DataFrame,
    prompts: pd.DataFrame,
    progress: Progress | None = None,
    *,
    decoding: Decoding,
    samples: int,
    sampling: str,
) -> pd.DataFrame:
    """Answer every question under every exemplar set.

    Args:
        engine: answers the prompts.
        questions: columns of ``schemas.QUESTIONS``.
        prompts: columns of ``schemas.PROMPTS``, of one draw.
        progress: counts prompts and questions.
        decoding: how to sample.
        samples: sampled answers per prompt.
        sampling: ``full``, ``lazy`` or ``pruned``.

    Returns:
        Columns of ``schemas.ANSWERS``, by question id and prompt.
    """
    accepted = dict(zip(questions["id"], questions["answers"].map(tuple), strict=True))
    few_shot = few_shot_prompts(questions, prompts)
    if sampling == "lazy":
        return sample_lazily(engine, few_shot, decoding, samples, accepted, progress)

    @cache
    def keep_sampling(question: str, text: str) -> bool:
        return can_still_match(text, accepted[question])

    keep = keep_sampling if sampling == "pruned" else None
    return sample_at_once(engine, few_shot, decoding, samples, keep, progress)


def sample_at_once(
    engine: Answerer,
    prompts: list[Prompt],
    decoding: Decoding,
    samples: int,
    keep_sampling: KeepSampling | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answer every prompt greedily and by samples in one pass.

    Args:
        engine: answers the prompts.
        prompts: the prompts.
        decoding: how to sample.
        samples: sampled answers per prompt.
        keep_sampling: whether to continue a sample, given its text so far; None: sample all to their end.
        progress: counts prompts and questions.

    Returns:
        Columns of ``schemas.ANSWERS``; a sample that was not continued is null.
    """
    open_prompts = Counter(prompt.id for prompt in prompts)
    greedy = {}
    for answer in engine.answer(prompts, decoding, samples, keep_sampling=keep_sampling):
        greedy[answer.prompt.id, answer.prompt.number] = answer
        open_prompts[answer.prompt.id] -= 1
        _count(progress, prompts=1, questions=int(open_prompts[answer.prompt.id] == 0))
    return _table(greedy, {})


def sample_lazily(
    engine: Answerer,
    prompts: list[Prompt],
    decoding: Decoding,
    samples: int,
    accepted: Mapping[str, Sequence[str]],
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answer every prompt greedily, and sample the questions without a correct answer until the first correct sample.

    Correct here means equal to an accepted answer letter for letter. With every answer match, the category is that of
    full sampling: verbatim answers always match, and the other questions are sampled completely.

    Args:
        engine: answers the prompts.
        prompts: the prompts.
        decoding: how to sample.
        samples: sampled answers per prompt.
        accepted: the accepted answers by question id.
        progress: counts prompts and questions.

    Returns:
        Columns of ``schemas.ANSWERS``; the samples of a prompt that was not sampled are an empty list.
    """
    greedy = {}
    for answer in engine.answer(prompts, decoding, 0):
        greedy[answer.prompt.id, answer.prompt.number] = answer
        _count(progress, prompts=1)
    known = {key[0] for key, answer in greedy.items() if is_verbatim(answer.greedy or "", accepted[key[0]])}
    _count(progress, questions=len(known))
    sampled: dict[tuple[str, int], list[str | None]] = {}
    for number in sorted({prompt.number for prompt in prompts}):
        pending = [prompt for prompt in prompts if prompt.number == number and prompt.id not in known]
        for answer in engine.answer(pending, decoding, samples, greedy=False):
            sampled[answer.prompt.id, number] = answer.samples
            is_known = any(is_verbatim(text or "", accepted[answer.prompt.id]) for text in answer.samples)
            if is_known:
                known.add(answer.prompt.id)
            _count(progress, prompts=1, questions=int(is_known))
    _count(progress, questions=len(accepted.keys() - known))
    return _table(greedy, sampled)


def _count(progress: Progress | None, prompts: int = 0, questions: int = 0) -> None:
    if progress:
        for _ in range(prompts):
            progress.answer()
        progress.finish(questions)


def _table(
    greedy: Mapping[tuple[str, int], Answer], sampled: Mapping[tuple[str, int], list[str | None]]
) -> pd.DataFrame:
    rows = [
        (
            *key,
            first_line(answer.greedy or ""),
            [text and first_line(text) for text in sampled.get(key, answer.samples)],
        )
        for key, answer in sorted(greedy.items(), key=lambda item: item[0])
    ]
    return pd.DataFrame(rows, columns=ANSWERS.names)
