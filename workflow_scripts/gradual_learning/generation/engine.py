"""The sampling engine: greedy and sampled answers to many prompts, for the cost of their distinct continuations.

Prompts of one group start with the same tokens, so the model reads that prefix once. The greedy answer and all samples
of a prompt form a tree: answers with equal tokens so far are one row, and a forward pass computes distinct rows only. A
row leaves the batch when all of its answers have ended or were dropped. Each sample draws from its own random stream
(:mod:`~gradual_learning.generation.random_streams`), so no answer depends on the batch that it was computed in.
:mod:`~gradual_learning.generation.cache_strategies` computes the rows.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from gradual_learning.generation import cache_strategies
from gradual_learning.generation.batch_rows import BatchRows
from gradual_learning.generation.decoding import (
    DROPPED,
    GREEDY,
    NO_TOKEN,
    Answer,
    Decoding,
    KeepSampling,
    OpenAnswers,
    Prompt,
    next_tokens,
)
from gradual_learning.generation.strategy_choice import choose_strategy
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.loading import Loading, load_model
from gradual_learning.models.tokenization import Encoder

TEST_LENGTH = 64  # a cache strategy is tested on lengths that are multiples of this


class Engine:
    """Answers prompts with one model.

    Args:
        model: any causal language model of the Auto classes, in evaluation mode.
        encoder: for the tokenizer of the model.
        batch_tokens: prompt tokens of one forward pass, the shared prefix included.

    Attributes:
        end_tokens: ids that end an answer and are no part of its text.
        stop_tokens: int64 [n], ids that end an answer: end tokens, and all tokens with a line break.
        strategy: how rows are computed; tested for rows of up to ``tested_length`` tokens.
        tokens_read: prompt tokens that the model had to read so far; a shared prefix counts once.
        tokens_written: answer tokens that the model had to read so far to continue; those that answers have in common
            count once. The minimum cost of the answers is two operations per weight for each token of both kinds.
    """

    def __init__(self, model: PreTrainedModel, encoder: Encoder, batch_tokens: int) -> None:
        self.model = model
        self.encoder = encoder
        self.batch_tokens = batch_tokens
        self.end_tokens = encoder.end_tokens(model.generation_config)
        self.stop_tokens = np.array(sorted(self.end_tokens | encoder.line_break_tokens()))
        self.strategy: type[cache_strategies.PrefixStrategy] = cache_strategies.NoCache
        self.tested_length = 0
        self.tokens_read = self.tokens_written = 0
        if head := model.get_output_embeddings():
            head.register_forward_pre_hook(_make_contiguous)

    @torch.inference_mode()
    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        keep_sampling: KeepSampling | None = None,
        drop_greedy: bool = False,
    ) -> Iterator[Answer]:
        """Answer every prompt, group by group; within a group from the shortest prompt to the longest.

        Args:
            prompts: the prompts to answer.
            decoding: how to sample.
            samples: sampled answers per prompt.
            greedy: whether to return the greedy answer too.
            keep_sampling: whether to continue a sample, given its text so far; None: sample all to their end.
            drop_greedy: whether ``keep_sampling`` decides on the greedy answer, too.

        Raises:
            UserError: a prompt with its answer is longer than the model can read.
        """
        for batch, rows in self.batches(prompts, decoding.max_new_tokens):
            answers = OpenAnswers(len(batch), samples, greedy, decoding.max_new_tokens, drop_greedy)
            yield from self._answer_batch(batch, rows, decoding, answers, keep_sampling)

    @torch.inference_mode()
    def batches(self, prompts: Sequence[Prompt], max_new_tokens: int) -> Iterator[tuple[list[Prompt], BatchRows]]:
        """Read prompts, group by group; yield the prompts of a batch with their rows, to be advanced by the caller.

        Args:
            prompts: the prompts to read.
            max_new_tokens: how many tokens the rows grow at most.

        Raises:
            UserError: a prompt with its answer is longer than the model can read.
        """
        groups = defaultdict(list)
        for prompt in prompts:
            groups[prompt.group].append(prompt)
        for members in groups.values():
            tokens = self.encoder.encode_prompts([prompt.text for prompt in members])
            self._test_strategies(max(tokens, key=len), max_new_tokens)
            shared = _common_length(tokens)
            self.tokens_read += shared + sum(len(row) - shared for row in tokens)
            with self.strategy.enabled(self.model):
                prefix = self.strategy(self.model, tokens[0][:shared], self.encoder.eos_token_id, self.batch_tokens)
                for batch in _batches(tokens, self.batch_tokens):
                    rows = prefix.start_batch([tokens[place][shared:] for place in batch])
                    yield [members[place] for place in batch], rows

    def _test_strategies(self, longest: list[int], new: int) -> None:
        """Choose the strategy for rows that start with this prompt, unless rows as long were tested before."""
        length = len(longest) + new
        if length <= self.tested_length:
            return
        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or sys.maxsize
        if length > limit:
            raise UserError(
                f"knowledge.num_fewshot: a prompt has {len(longest)} tokens and its answer up to {new}, but the model "
                f"reads {limit}. Lower knowledge.num_fewshot or knowledge.max_new_tokens, or remove long questions."
            )
        self.tested_length = min(-(-length // TEST_LENGTH) * TEST_LENGTH, limit)
        text = (longest * (self.tested_length // len(longest) + 1))[: self.tested_length]
        pad = self.encoder.eos_token_id
        self.strategy = choose_strategy(self.model, text, pad, self.batch_tokens)

    def _answer_batch(
        self,
        prompts: list[Prompt],
        rows: BatchRows,
        decoding: Decoding,
        answers: OpenAnswers,
        keep_sampling: KeepSampling | None,
    ) -> Iterator[Answer]:
        questions = np.array([int(prompt.id, 16) for prompt in prompts], dtype=np.uint64)
        numbers = np.array([prompt.number for prompt in prompts])
        for step in range(decoding.max_new_tokens):
            tokens = next_tokens(rows.logits, answers, questions, numbers, decoding, step)
            answers.append(tokens, step)
            if step + 1 == decoding.max_new_tokens:
                break
            unfinished = ~np.isin(tokens, self.stop_tokens)
            answers.keep(unfinished)
            parents, children = answers.branch(tokens[unfinished], rows.logits.shape[-1])
            if keep_sampling and len(children):
                kept = self._kept_rows(prompts, *answers.row_tokens(step), keep_sampling)
                remaining = answers.drop(kept)
                parents, children = parents[remaining], children[remaining]
            if not len(children):
                break
            self.tokens_written += len(children)
            rows.advance(parents, children)
        yield from self._texts(prompts, answers.tokens, answers.first == GREEDY)

    def _kept_rows(
        self, prompts: list[Prompt], owner: np.ndarray, tokens: np.ndarray, keep_sampling: KeepSampling
    ) -> np.ndarray:
        """Return on which rows samples continue, bool [rows]."""
        texts = self.encoder.decode(tokens.tolist())
        kept = [keep_sampling(prompts[place].id, text) for place, text in zip(owner, texts, strict=True)]
        return np.array(kept, dtype=bool)

    def _texts(self, prompts: list[Prompt], tokens: np.ndarray, greedy: bool) -> Iterator[Answer]:
        flat = tokens.reshape(-1, tokens.shape[-1])
        as_bytes = flat.view(f"V{flat.strides[0]}")[:, 0]  # rows compare many times faster as one value each
        _, first, place = np.unique(as_bytes, return_index=True, return_inverse=True)
        silent = self.end_tokens | {NO_TOKEN, DROPPED}
        texts = self.encoder.decode([[token for token in row if token not in silent] for row in flat[first].tolist()])
        dropped = flat[first, 0] == DROPPED
        distinct = [None if is_dropped else text for text, is_dropped in zip(texts, dropped, strict=True)]
        for prompt, row in zip(prompts, place.reshape(tokens.shape[:2]), strict=True):
            own = [distinct[index] for index in row]
            yield Answer(prompt, own[0] if greedy else None, own[1:] if greedy else own)


def open_engine(
    folder: str | Path, checkpoint: str | Path | None, loading: Loading, encoder: Encoder, batch_tokens: int
) -> Engine:
    """Load a model, with the checkpoint of a stage or without (None), and return an engine for it.

    Raises:
        UserError: see :func:`gradual_learning.models.loading.load_model`.
    """
    return Engine(load_model(folder, checkpoint, loading), encoder, batch_tokens)


def _make_contiguous(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Copy the hidden states of the last tokens; torch would copy the whole matrix of a frozen head, once per row."""
    return (inputs[0].contiguous(), *inputs[1:])


def _common_length(tokens: list[list[int]]) -> int:
    """Return how many leading tokens all prompts share, leaving each at least one of its own."""
    first, last = min(tokens), max(tokens)
    limit = min(len(row) for row in tokens) - 1
    return next((place for place in range(limit) if first[place] != last[place]), limit)


def _batches(tokens: list[list[int]], budget: int) -> Iterator[list[int]]:
    """Cut the prompts, ordered by length, into batches of at most ``budget`` tokens, padding included."""
    order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * len(tokens[place]) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
