"""The sampling engine: greedy and sampled answers to many prompts, at the price of their distinct continuations.

Prompts of one group begin with the same tokens, so that part goes through the model once. Behind it the greedy answer
and all samples of a prompt are one tree: answers that agree so far are one row, and a forward pass runs on the
distinct rows only. A row whose answers have all ended leaves the batch. Each sample draws from its own stream
(:mod:`streams`), so no answer depends on the batch it was computed in.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from gradual_learning import attention, streams

GREEDY = -1


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
    """The texts that answer one prompt, uncut."""

    prompt: Prompt
    greedy: str | None
    samples: list[str]


@dataclass
class _Threads:
    """The answers under way in a batch, one entry each: whose they are and the row that they sit on."""

    row: np.ndarray  # int64 [n]
    owner: np.ndarray  # int64 [n], the prompt's place in the batch
    sample: np.ndarray  # int64 [n], GREEDY or 0 .. samples - 1

    def keep(self, mask: np.ndarray) -> "_Threads":
        return _Threads(self.row[mask], self.owner[mask], self.sample[mask])


class Engine:
    """Answers prompts with one model.

    Args:
        model: any decoder of the Auto classes, in evaluation mode.
        tokenizer: its tokenizer.
        batch_tokens: prompt tokens, shared beginning included, of one forward pass.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_tokens: int) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.batch_tokens = batch_tokens
        self.stops = _stop_tokens(model, tokenizer)

    @torch.inference_mode()
    def answer(
        self, prompts: Sequence[Prompt], decoding: Decoding, samples: int, greedy: bool = True
    ) -> Iterator[Answer]:
        """Answer every prompt, group by group; within a group in the order given.

        Args:
            prompts: what to answer.
            decoding: how.
            samples: sampled answers per prompt.
            greedy: whether to give the greedy answer too.
        """
        groups = defaultdict(list)
        for prompt in prompts:
            groups[prompt.group].append(prompt)
        with attention.shared_prefixes(self.model) as shares:
            for members in groups.values():
                tokens = self.tokenizer([prompt.text for prompt in members])["input_ids"]
                shared = _common_length(tokens)
                prefix = _Prefix(self._read_prefix(tokens[0][:shared]) if shared else None, shared, shares)
                for batch in _batches(tokens, self.batch_tokens):
                    rest = [tokens[place][shared:] for place in batch]
                    chosen = [members[place] for place in batch]
                    yield from self._answer_batch(chosen, rest, prefix, decoding, samples, greedy)

    def _read_prefix(self, tokens: list[int]) -> DynamicCache:
        ids = torch.tensor([tokens], device=self.model.device)
        cache = DynamicCache(config=self.model.config)
        return self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values

    def _answer_batch(
        self,
        prompts: list[Prompt],
        rest: list[list[int]],
        prefix: "_Prefix",
        decoding: Decoding,
        samples: int,
        greedy: bool,
    ) -> Iterator[Answer]:
        state = _Rows(self.model, prefix, rest, self.tokenizer.eos_token_id)
        kinds = ([GREEDY] if greedy else []) + list(range(samples))
        owner = np.repeat(np.arange(len(prompts)), len(kinds))
        threads = _Threads(owner.copy(), owner, np.tile(kinds, len(prompts)))
        written = np.full((len(prompts), len(kinds), decoding.max_new_tokens), -1)
        shift = 1 if greedy else 0
        keys = np.array([int(prompt.id, 16) for prompt in prompts], dtype=np.uint64)
        numbers = np.array([prompt.number for prompt in prompts])
        for step in range(decoding.max_new_tokens):
            tokens = _choose(state.logits, threads, keys, numbers, decoding, step)
            written[threads.owner, threads.sample + shift, step] = tokens
            going = ~np.isin(tokens, self.stops)
            if step + 1 == decoding.max_new_tokens or not going.any():
                break
            threads, tokens = threads.keep(going), tokens[going]
            branches, threads.row = np.unique(np.stack([threads.row, tokens]), axis=1, return_inverse=True)
            state.advance(branches[0], branches[1])
        yield from self._texts(prompts, written, greedy)

    def _texts(self, prompts: list[Prompt], written: np.ndarray, greedy: bool) -> Iterator[Answer]:
        flat, place = np.unique(written.reshape(-1, written.shape[-1]), axis=0, return_inverse=True)
        texts = self.tokenizer.batch_decode(
            [[t for t in row if t >= 0] for row in flat.tolist()], skip_special_tokens=True
        )
        for prompt, row in zip(prompts, place.reshape(written.shape[:2]), strict=True):
            answers = [texts[index] for index in row]
            yield Answer(prompt, answers[0] if greedy else None, answers[1:] if greedy else answers)


@dataclass(frozen=True)
class _Prefix:
    """The shared beginning of a group: its cache, its length, and whether rows can attend to it without a copy."""

    cache: DynamicCache | None
    length: int
    kept_once: bool


class _Rows:
    """The rows of a batch in the model: their cache, their attention and the logits of their next token."""

    def __init__(self, model: PreTrainedModel, prefix: _Prefix, rest: list[list[int]], pad: int) -> None:
        self.model = model
        device = model.device
        longest = max(len(tokens) for tokens in rest)
        ids = torch.tensor([[pad] * (longest - len(tokens)) + tokens for tokens in rest], device=device)
        length = torch.tensor([len(tokens) for tokens in rest], device=device)
        self.attention = torch.arange(longest, device=device) >= longest - length[:, None]
        self.position = prefix.length + length - 1
        self.beside = {}
        if prefix.cache is None or prefix.kept_once:
            self.cache = DynamicCache(config=model.config)
            self.beside = {"shared_prefix": prefix.cache} if prefix.cache is not None else {}
        else:
            self.cache = copy.deepcopy(prefix.cache)
            self.cache.batch_select_indices(torch.zeros(len(rest), dtype=torch.long, device=device))
            self.attention = torch.nn.functional.pad(self.attention, (prefix.length, 0), value=True)
        back = torch.arange(longest - 1, -1, -1, device=device)
        self.logits = self._forward(ids, (self.position[:, None] - back).clamp(min=prefix.length))

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by children: each takes its parent's past and one more token."""
        parent = torch.from_numpy(parents).to(self.model.device)
        if len(parents) != len(self.attention) or not np.array_equal(parents, np.arange(len(parents))):
            self.cache.batch_select_indices(parent)
            self.attention, self.position = self.attention[parent], self.position[parent]
        self.attention = torch.nn.functional.pad(self.attention, (0, 1), value=True)
        self.position = self.position + 1
        ids = torch.from_numpy(tokens).to(self.model.device)
        self.logits = self._forward(ids[:, None], self.position[:, None])

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        output = self.model(
            input_ids=ids,
            attention_mask=self.attention.long(),
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
            **self.beside,
        )
        self.cache = output.past_key_values
        return output.logits[:, -1].float()


def _choose(
    logits: torch.Tensor, threads: _Threads, keys: np.ndarray, numbers: np.ndarray, decoding: Decoding, step: int
) -> np.ndarray:
    """Choose the next token of every answer: the likeliest, or by inverse transform over the likeliest ``top_k``."""
    tokens = logits.argmax(dim=-1).cpu().numpy()[threads.row]
    drawn = np.flatnonzero(threads.sample != GREEDY)
    if len(drawn) == 0:
        return tokens
    values, ids = logits.topk(min(decoding.top_k, logits.shape[-1]), dim=-1)
    cumulative = torch.softmax(values / decoding.temperature, dim=-1).double().cumsum(dim=-1).cpu().numpy()
    owner, row = threads.owner[drawn], threads.row[drawn]
    sample = threads.sample[drawn] + (decoding.draw << 12)
    u = streams.uniforms(decoding.seed, keys[owner], numbers[owner], sample, step)
    rank = (cumulative[row] <= u[:, None] * cumulative[row, -1:]).sum(axis=1)
    tokens[drawn] = ids.cpu().numpy()[row, np.minimum(rank, ids.shape[1] - 1)]
    return tokens


def _stop_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """Return the ids that end an answer: every end token and every token that holds a newline."""
    ends = model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id}
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    lines = {token for token, text in enumerate(texts) if "\n" in text}
    return np.array(sorted((ends | lines) - {None}))


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
