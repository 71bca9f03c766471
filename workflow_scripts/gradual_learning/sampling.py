"""The sampling engine: greedy and sampled answers to many prompts, at the price of their distinct continuations.

Prompts of one group begin with the same tokens, so that part goes through the model once. Behind it the greedy answer
and all samples of a prompt are one tree: answers that agree so far are one row, and a forward pass runs on the
distinct rows only. A row whose answers have all ended, or are not followed further, leaves the batch. Each sample draws
from its own stream (:mod:`streams`), so no answer depends on the batch it was computed in. How rows are computed is
:mod:`rows`' affair.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel

from gradual_learning import rows, streams
from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError

GREEDY = -1
DROPPED = -2  # in place of the tokens of a sample that is not followed to its end
Follow = Callable[[str, str], bool]  # a prompt's id and the output so far -> whether its end matters
REACH = 64  # lengths that a way to compute rows is tried on are multiples of this


@dataclass(frozen=True)
class Prompt:
    """One prompt to be answered; prompts of one ``group`` are worth batching, as they share their beginning."""

    id: str  # 16 hexadecimal digits
    number: int  # which of the question's prompts this is
    group: str
    text: str


@dataclass(frozen=True)
class Decoding:
    """How answers are drawn; ``draw`` tells repetitions of the same labelling apart."""

    seed: int = 0
    temperature: float = 1.0
    top_k: int = 40
    max_new_tokens: int = 16
    draw: int = 0


@dataclass(frozen=True)
class Answer:
    """The texts that answer one prompt, uncut; None stands for a sample that was not followed to its end."""

    prompt: Prompt
    greedy: str | None
    samples: list[str | None]


class _Threads:
    """The answers of a batch: what each says, and, while it is under way, on which row of the model it sits.

    Attributes:
        written: int64 [prompts, kinds, steps], the tokens of every answer, -1 where none stands. Kinds are the samples,
            behind the greedy answer where there is one.
        row: int64 [n], the row of each answer under way.
        owner: int64 [n], its prompt's place in the batch.
        sample: int64 [n], GREEDY or 0 .. samples - 1.
    """

    def __init__(self, prompts: int, samples: int, greedy: bool, steps: int) -> None:
        self.first = GREEDY if greedy else 0
        kinds = np.arange(self.first, samples)
        self.written = np.full((prompts, len(kinds), steps), -1)
        self.owner = np.repeat(np.arange(prompts), len(kinds))
        self.row, self.sample = self.owner, np.tile(kinds, prompts)

    def write(self, tokens: np.ndarray, step: int) -> None:
        """Note the token that each answer under way gets at a step."""
        self.written[self.owner, self.sample - self.first, step] = tokens

    def keep(self, mask: np.ndarray) -> None:
        """Go on with some of the answers under way."""
        self.row, self.owner, self.sample = self.row[mask], self.owner[mask], self.sample[mask]

    def branch(self, tokens: np.ndarray, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
        """Put answers that agree so far on one row; return the parent and the last token of each row."""
        branches, self.row = np.unique(self.row * vocabulary + tokens, return_inverse=True)
        return np.divmod(branches, vocabulary)

    def drop(self, followed: np.ndarray) -> np.ndarray:
        """Give up samples on rows that are not followed; return which rows are left, those of greedy answers too."""
        going = followed[self.row] | (self.sample == GREEDY)
        self.written[self.owner[~going], self.sample[~going] - self.first] = DROPPED
        left = np.bincount(self.row[going], minlength=len(followed)) > 0
        self.keep(going)
        self.row = (np.cumsum(left) - 1)[self.row]
        return left

    def said(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return of each row the owner and the tokens up to a step, [rows] and [rows, step + 1]."""
        _, place = np.unique(self.row, return_index=True)
        return self.owner[place], self.written[self.owner[place], self.sample[place] - self.first, : step + 1]


class Engine:
    """Answers prompts with one model.

    Args:
        model: any causal language model of the Auto classes, in evaluation mode.
        encoder: over its tokenizer.
        batch_tokens: prompt tokens, shared beginning included, of one forward pass.

    Attributes:
        tokens_read: prompt tokens that a model must read so far, a shared beginning once.
        tokens_written: answer tokens that it must read so far to go on, those that answers have in common once. Two
            operations per weight for each token of both is the least that answering costs.
    """

    def __init__(self, model: PreTrainedModel, encoder: Encoder, batch_tokens: int) -> None:
        self.model = model
        self.encoder = encoder
        self.batch_tokens = batch_tokens
        self.ends = encoder.ends(model.generation_config)
        self.stops = np.array(sorted(self.ends | encoder.line_breaks()))
        self.way: type[rows.Beginning] = rows.Recomputed
        self.reach = 0  # tokens a row up to which the way was tried
        self.tokens_read = self.tokens_written = 0

    @torch.inference_mode()
    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        follow: Follow | None = None,
    ) -> Iterator[Answer]:
        """Answer every prompt, group by group; within a group in the order given.

        Args:
            prompts: what to answer.
            decoding: how.
            samples: sampled answers per prompt.
            greedy: whether to give the greedy answer too.
            follow: which samples to draw on, by what they say so far; none: all of them.

        Raises:
            UserError: a prompt with its answer is longer than what the model can read.
        """
        for chosen, state in self.batches(prompts, decoding.max_new_tokens):
            yield from self._answer_batch(chosen, state, decoding, samples, greedy, follow)

    @torch.inference_mode()
    def batches(self, prompts: Sequence[Prompt], max_new_tokens: int) -> Iterator[tuple[list[Prompt], rows.Rows]]:
        """Read prompts, group by group; yield those of a batch with their rows, which may grow while they are held.

        Args:
            prompts: what to read.
            max_new_tokens: how far the rows grow at most.

        Raises:
            UserError: a prompt with its answer is longer than what the model can read.
        """
        groups = defaultdict(list)
        for prompt in prompts:
            groups[prompt.group].append(prompt)
        for members in groups.values():
            tokens = self.encoder.prompts([prompt.text for prompt in members])
            self._find_way(max(tokens, key=len), max_new_tokens)
            shared = _common_length(tokens)
            self.tokens_read += shared + sum(len(row) - shared for row in tokens)
            with self.way.ready(self.model):
                beginning = self.way(self.model, tokens[0][:shared], self.encoder.end, self.batch_tokens)
                for batch in _batches(tokens, self.batch_tokens):
                    state = beginning.rows([tokens[place][shared:] for place in batch])
                    yield [members[place] for place in batch], state

    def _find_way(self, longest: list[int], new: int) -> None:
        """Find the way to compute rows that grow as long as those of this prompt, unless it is found already."""
        length = len(longest) + new
        if length <= self.reach:
            return
        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or math.inf
        if length > limit:
            raise UserError(
                f"knowledge.shots: a prompt has {len(longest)} tokens and its answer up to {new}, the model reads "
                f"{limit}. Lower knowledge.shots or knowledge.max_new_tokens, or leave out long questions."
            )
        self.reach = min(-(-length // REACH) * REACH, limit)
        text = (longest * (self.reach // len(longest) + 1))[: self.reach]
        self.way = rows.choose(self.model, text, self.encoder.end, self.batch_tokens)

    def _answer_batch(
        self,
        prompts: list[Prompt],
        state: rows.Rows,
        decoding: Decoding,
        samples: int,
        greedy: bool,
        follow: Follow | None,
    ) -> Iterator[Answer]:
        threads = _Threads(len(prompts), samples, greedy, decoding.max_new_tokens)
        keys = np.array([int(prompt.id, 16) for prompt in prompts], dtype=np.uint64)
        numbers = np.array([prompt.number for prompt in prompts])
        for step in range(decoding.max_new_tokens):
            tokens = _choose(state.logits, threads, keys, numbers, decoding, step)
            threads.write(tokens, step)
            if step + 1 == decoding.max_new_tokens:
                break
            going = ~np.isin(tokens, self.stops)
            threads.keep(going)
            parents, children = threads.branch(tokens[going], state.logits.shape[-1])
            if follow and len(children):
                left = threads.drop(self._followed(prompts, *threads.said(step), follow))
                parents, children = parents[left], children[left]
            if not len(children):
                break
            self.tokens_written += len(children)
            state.advance(parents, children)
        yield from self._texts(prompts, threads.written, greedy)

    def _followed(self, prompts: list[Prompt], owner: np.ndarray, said: np.ndarray, follow: Follow) -> np.ndarray:
        """Tell which rows are followed, by what they say."""
        texts = self.encoder.texts(said.tolist())
        return np.array([follow(prompts[place].id, text) for place, text in zip(owner, texts, strict=True)], dtype=bool)

    def _texts(self, prompts: list[Prompt], written: np.ndarray, greedy: bool) -> Iterator[Answer]:
        flat = written.reshape(-1, written.shape[-1])
        whole = flat.view(f"V{flat.strides[0]}")[:, 0]  # rows compare many times faster as one value each
        _, first, place = np.unique(whole, return_index=True, return_inverse=True)
        unsaid = self.ends | {-1, DROPPED}
        texts = self.encoder.texts([[token for token in row if token not in unsaid] for row in flat[first].tolist()])
        texts = [None if dropped else text for text, dropped in zip(texts, flat[first, 0] == DROPPED, strict=True)]
        for prompt, row in zip(prompts, place.reshape(written.shape[:2]), strict=True):
            answers = [texts[index] for index in row]
            yield Answer(prompt, answers[0] if greedy else None, answers[1:] if greedy else answers)


def _choose(
    logits: torch.Tensor, threads: _Threads, keys: np.ndarray, numbers: np.ndarray, decoding: Decoding, step: int
) -> np.ndarray:
    """Choose the next token of every answer: the likeliest, or by inverse transform over the likeliest ``top_k``.

    All is computed where the logits are, and only the chosen tokens are waited for.
    """
    row = torch.from_numpy(threads.row).to(logits.device)
    likeliest = logits.argmax(dim=-1)[row]
    drawn = threads.sample != GREEDY
    if not drawn.any():
        return likeliest.cpu().numpy()
    values, ids = logits.topk(min(decoding.top_k, logits.shape[-1]), dim=-1)
    cumulative = torch.softmax(values / decoding.temperature, dim=-1).double().cumsum(dim=-1).index_select(0, row)
    u = np.zeros(len(drawn))
    owner, sample = threads.owner[drawn], threads.sample[drawn] + (decoding.draw << 12)
    u[drawn] = streams.uniforms(decoding.seed, keys[owner], numbers[owner], sample, step)
    reached = torch.from_numpy(u).to(row.device)[:, None] * cumulative[:, -1:]
    rank = torch.searchsorted(cumulative, reached, right=True)[:, 0].clamp(max=ids.shape[1] - 1)
    chosen = torch.where(torch.from_numpy(drawn).to(row.device), ids[row, rank], likeliest)
    return chosen.cpu().numpy()


def _common_length(tokens: list[list[int]]) -> int:
    """Return how many leading tokens all prompts share, leaving each at least one of its own."""
    first, last = min(tokens), max(tokens)
    limit = min(len(row) for row in tokens) - 1
    return next((place for place in range(limit) if first[place] != last[place]), limit)


def _batches(tokens: list[list[int]], budget: int) -> Iterator[list[int]]:
    """Cut the prompts, sorted by length, into batches of at most ``budget`` tokens, padding included."""
    order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * len(tokens[place]) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
