"""What an engine answers and how: prompts, answers, and the choice of the next token of every answer of a batch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from gradual_learning.generation import random_streams
from gradual_learning.jobs.errors import UserError

GREEDY = -1  # number of the greedy answer among the samples of a prompt
NO_TOKEN = -1  # after the last token of an answer
DROPPED = -2  # in place of the tokens of a sample that was dropped before its end

KeepSampling = Callable[[str, str], bool]  # (question id, text so far) -> whether to continue the sample


@dataclass(frozen=True)
class Prompt:
    """One prompt; prompts of the same ``group`` start with the same tokens and are batched together."""

    id: str  # of its question, 16 hexadecimal digits
    number: int  # among the prompts of the question
    group: str
    text: str


@dataclass(frozen=True)
class Decoding:
    """How answers are sampled; ``draw`` is the number of the repetition, and each has its own random streams."""

    seed: int = 0
    temperature: float = 1.0
    top_k: int = 40
    max_new_tokens: int = 16
    draw: int = 0


@dataclass(frozen=True)
class Answer:
    """The texts that answer one prompt, up to their last token; None stands for a sample that was dropped."""

    prompt: Prompt
    greedy: str | None
    samples: list[str | None]


class OpenAnswers:
    """The answers of a batch: the tokens of all, and for each unfinished one its row in the model.

    Args:
        prompts: prompts of the batch.
        samples: sampled answers per prompt.
        greedy: whether each prompt has a greedy answer too.
        steps: tokens of the longest answer.
        drop_greedy: whether greedy answers are dropped like samples.

    Attributes:
        tokens: int64 [prompts, answers of a prompt, steps], NO_TOKEN where an answer has none. The greedy answer
            precedes the samples.
        row: int64 [n], the row of each unfinished answer.
        owner: int64 [n], the place of its prompt in the batch.
        sample: int64 [n], GREEDY or 0 .. samples - 1.
    """

    def __init__(self, prompts: int, samples: int, greedy: bool, steps: int, drop_greedy: bool = False) -> None:
        self.drop_greedy = drop_greedy
        self.first = GREEDY if greedy else 0
        numbers = np.arange(self.first, samples)
        self.tokens = np.full((prompts, len(numbers), steps), NO_TOKEN)
        self.owner = np.repeat(np.arange(prompts), len(numbers))
        self.row, self.sample = self.owner, np.tile(numbers, prompts)

    def append(self, tokens: np.ndarray, step: int) -> None:
        """Store the token of each unfinished answer at a step."""
        self.tokens[self.owner, self.sample - self.first, step] = tokens

    def keep(self, mask: np.ndarray) -> None:
        """Continue only the unfinished answers that ``mask`` selects."""
        self.row, self.owner, self.sample = self.row[mask], self.owner[mask], self.sample[mask]

    def branch(self, tokens: np.ndarray, vocab_size: int) -> tuple[np.ndarray, np.ndarray]:
        """Put answers with equal tokens so far on one row; return the parent and the last token of each row."""
        branches, self.row = np.unique(self.row * vocab_size + tokens, return_inverse=True)
        return np.divmod(branches, vocab_size)

    def drop(self, kept_rows: np.ndarray) -> np.ndarray:
        """Drop the answers on all other rows; return which rows remain, with those of greedy answers that stay."""
        kept = kept_rows[self.row] | ((self.sample == GREEDY) & (not self.drop_greedy))
        self.tokens[self.owner[~kept], self.sample[~kept] - self.first] = DROPPED
        remaining = np.bincount(self.row[kept], minlength=len(kept_rows)) > 0
        self.keep(kept)
        self.row = (np.cumsum(remaining) - 1)[self.row]
        return remaining

    def row_tokens(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the owner and the tokens up to a step of each row, [rows] and [rows, step + 1]."""
        _, place = np.unique(self.row, return_index=True)
        return self.owner[place], self.tokens[self.owner[place], self.sample[place] - self.first, : step + 1]


def next_tokens(
    logits: torch.Tensor,
    answers: OpenAnswers,
    questions: np.ndarray,
    numbers: np.ndarray,
    decoding: Decoding,
    step: int,
) -> np.ndarray:
    """Choose the next token of every unfinished answer.

    Greedy answers take the most likely token. Samples are drawn by inverse transform sampling from the ``top_k`` most
    likely tokens. All is computed on the device of the logits; only the chosen tokens are transferred.

    Args:
        logits: float32 [rows, vocabulary].
        answers: the answers of the batch.
        questions: uint64 [prompts], the ids of the questions as numbers.
        numbers: [prompts], the numbers of the prompts.
        decoding: how to sample.
        step: position of the token.

    Returns:
        int64 [unfinished answers].

    Raises:
        UserError: see :func:`most_likely`.
    """
    row = torch.from_numpy(answers.row).to(logits.device)
    best = most_likely(logits)[row]
    sampled = answers.sample != GREEDY
    if not sampled.any():
        return best.cpu().numpy()
    values, ids = logits.topk(min(decoding.top_k, logits.shape[-1]), dim=-1)
    cumulative = torch.softmax(values / decoding.temperature, dim=-1).double().cumsum(dim=-1).index_select(0, row)
    u = np.zeros(len(sampled))
    owner, sample = answers.owner[sampled], answers.sample[sampled] + (decoding.draw << 12)
    u[sampled] = random_streams.uniforms(decoding.seed, questions[owner], numbers[owner], sample, step)
    threshold = torch.from_numpy(u).to(row.device)[:, None] * cumulative[:, -1:]
    rank = torch.searchsorted(cumulative, threshold, right=True)[:, 0].clamp(max=ids.shape[1] - 1)
    chosen = torch.where(torch.from_numpy(sampled).to(row.device), ids[row, rank], best)
    return chosen.cpu().numpy()


def most_likely(logits: torch.Tensor) -> torch.Tensor:
    """Return the most likely token of each row.

    Args:
        logits: float32 [rows, vocabulary].

    Returns:
        int64 [rows].

    Raises:
        UserError: some logits are not finite, so every answer would be wrong.
    """
    best = logits.argmax(dim=-1)  # the place of a NaN, if there is one
    if not torch.isfinite(logits.gather(1, best[:, None])).all():
        raise UserError(
            "The model computes numbers that are not finite (NaN or infinity). If it is the base model, its weights are"
            " damaged (get them again) or exceed the range of model.dtype (set it to bfloat16 or float32). If it was"
            " fine-tuned, lower training.learning_rate."
        )
    return best
