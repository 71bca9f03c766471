"""The exact alternative to sampling: the probability that one sample is an accepted answer, computed by the model.

The probability of an accepted answer under the sampling distribution (temperature, top-k) is the product of the
probabilities of its tokens and of its end. Answers with equal tokens so far share a row with each other and with the
greedy answer; an answer outside the top-k is followed no further.

Only the given spelling of an accepted answer counts, in one tokenization. Other spellings that match, and other
tokenizations, are not added, so the probability is a lower bound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from gradual_learning.generation.batch_rows import BatchRows
from gradual_learning.generation.decoding import Decoding, Prompt, most_likely
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.progress import Progress
from gradual_learning.knowledge.labeling import Estimator, few_shot_prompts, first_line
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.schemas import LIKELIHOODS

END = -1  # after the last token of an answer
MATCHER = AnswerMatcher("exact")


@dataclass(frozen=True)
class Score:
    """The greedy answer to one prompt, and the probability that one sample is an accepted answer as spelled."""

    prompt: Prompt
    greedy: str
    probability: float


@dataclass(frozen=True)
class _Paths:
    """The accepted answers of a batch that are still followed, one entry each."""

    row: np.ndarray  # int64 [n], the row of the answer in the model
    owner: np.ndarray  # int64 [n], the place of its prompt in the batch
    tokens: np.ndarray  # int64 [n, max_new_tokens], END after the answer
    probability: np.ndarray  # float64 [n], of all tokens so far

    def take(self, kept: np.ndarray, probability: np.ndarray) -> "_Paths":
        """Return the entries of a mask, with new probabilities."""
        return _Paths(self.row[kept], self.owner[kept], self.tokens[kept], probability[kept])


def estimator(params: Mapping[str, Any], decoding: Decoding) -> Estimator:
    """Return the estimator that computes likelihoods, which has no params of its own."""
    return Estimator(LIKELIHOODS, [], partial(score_questions, decoding=decoding))


def score_questions(
    engine: Engine, questions: pd.DataFrame, prompts: pd.DataFrame, progress: Progress, decoding: Decoding
) -> pd.DataFrame:
    """Score questions under every exemplar set.

    Args:
        engine: computes the probabilities.
        questions: columns of ``schemas.QUESTIONS``.
        prompts: columns of ``schemas.PROMPTS``, of one draw.
        progress: counts prompts and questions.
        decoding: how samples would be drawn; its seed and draw have no effect.

    Returns:
        Columns of ``schemas.LIKELIHOODS``, by question id and prompt.
    """
    accepted = dict(zip(questions["id"], questions["answers"], strict=True))
    rows = []
    for scored in score(engine, few_shot_prompts(questions, prompts), decoding, accepted):
        rows.append((scored.prompt.id, scored.prompt.number, scored.greedy, scored.probability))
        progress.answer()
    progress.finish(len(questions))
    return pd.DataFrame(rows, columns=LIKELIHOODS.names).sort_values(["id", "prompt"], ignore_index=True)


@torch.inference_mode()
def score(
    engine: Engine, prompts: Sequence[Prompt], decoding: Decoding, accepted: Mapping[str, Sequence[str]]
) -> Iterator[Score]:
    """Score every prompt, group by group.

    Args:
        engine: computes the probabilities.
        prompts: the prompts.
        decoding: how samples would be drawn.
        accepted: the accepted answers by question id.

    Raises:
        UserError: a prompt with its answer is longer than the model can read.
    """
    spelled, silent = spellings(engine.encoder, accepted), _silent_stops(engine)
    for batch, rows in engine.batches(prompts, decoding.max_new_tokens):
        paths = _start([spelled[prompt.id] for prompt in batch], decoding.max_new_tokens)
        greedy, probabilities = _follow_all(rows, paths, len(batch), decoding, engine.stop_tokens, silent)
        without = engine.end_tokens | {END}
        texts = engine.encoder.decode([[token for token in row if token not in without] for row in greedy.tolist()])
        for prompt, text, probability in zip(batch, texts, probabilities.tolist(), strict=True):
            yield Score(prompt, first_line(text), probability)


def spellings(encoder: Encoder, accepted: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[int, ...]]]:
    """Return the distinct token ids of the accepted answers by question id.

    Excluded are answers that do not decode to themselves, with a line break or with a word that the tokenizer has no
    token for: no sample equals them.
    """
    texts = sorted({text for answers in accepted.values() for text in answers})
    ids = encoder.encode_answers("A:", texts)
    decoded = [first_line(text) for text in encoder.decode(ids)]
    triples = zip(texts, ids, decoded, strict=True)
    valid = {text: tuple(row) for text, row, read in triples if MATCHER.matches(read, [text])}
    return {name: sorted({valid[text] for text in answers if text in valid}) for name, answers in accepted.items()}


def _silent_stops(engine: Engine) -> np.ndarray:
    """Return the stop tokens that leave an answer correct: others hold a word before their newline."""
    stops = engine.stop_tokens.tolist()
    texts = engine.encoder.decode([[] if token in engine.end_tokens else [token] for token in stops])
    return engine.stop_tokens[[MATCHER.matches(first_line(f"x{text}"), ["x"]) for text in texts]]


def _start(spelled: list[list[tuple[int, ...]]], longest: int) -> _Paths:
    """Assign the answers of every prompt to its row, without those that are too long."""
    short = [(place, row) for place, ids in enumerate(spelled) for row in ids if len(row) <= longest]
    owner = np.array([place for place, _ in short], dtype=np.int64)
    tokens = np.array([[*row, *[END] * (longest - len(row))] for _, row in short], dtype=np.int64)
    return _Paths(owner, owner, tokens.reshape(-1, longest), np.ones(len(short)))


def _follow_all(
    rows: BatchRows, paths: _Paths, count: int, decoding: Decoding, stops: np.ndarray, silent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Follow the answers and the greedy tokens of a batch to their ends.

    Returns:
        The greedy tokens, int64 [count, max_new_tokens], END after the last; and float64 [count], the probability that
        a sample of each prompt is one of its answers.
    """
    greedy, total = np.full((count, decoding.max_new_tokens), END), np.zeros(count)
    owner = row = np.arange(count)  # of the unfinished greedy answers
    for step in range(decoding.max_new_tokens):
        best = most_likely(rows.logits).cpu().numpy()[row]
        greedy[owner, step] = best
        paths = _follow(paths, rows.logits, decoding, silent, step, total)
        unfinished = ~np.isin(best, stops)
        owner, row, best = owner[unfinished], row[unfinished], best[unfinished]
        if step + 1 == decoding.max_new_tokens or len(row) + len(paths.row) == 0:
            break
        width = rows.logits.shape[-1]
        children = np.append(row * width + best, paths.row * width + paths.tokens[:, step])
        branches, place = np.unique(children, return_inverse=True)
        rows.advance(branches // width, branches % width)
        row, paths = place[: len(owner)], replace(paths, row=place[len(owner) :])
    np.add.at(total, paths.owner, paths.probability)  # an answer of the maximum length needs no end token
    return greedy, np.minimum(total, 1)


def _follow(
    paths: _Paths, logits: torch.Tensor, decoding: Decoding, silent: np.ndarray, step: int, total: np.ndarray
) -> _Paths:
    """Follow the answers by one token; add the probabilities of those that end here to ``total``, in place."""
    values, indices = logits.topk(min(decoding.top_k, logits.shape[-1]), dim=-1)
    probabilities = torch.softmax(values / decoding.temperature, dim=-1).double().cpu().numpy()
    ids = indices.cpu().numpy()
    token, row = paths.tokens[:, step], paths.row
    ended = token == END
    end = (probabilities * np.isin(ids, silent)).sum(axis=1)
    np.add.at(total, paths.owner[ended], paths.probability[ended] * end[row[ended]])
    probability = paths.probability * (probabilities[row] * (ids[row] == token[:, None])).sum(axis=1)
    return paths.take(probability > 0, probability)
