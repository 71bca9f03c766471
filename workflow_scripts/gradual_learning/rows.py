"""The rows of a batch in the model, three ways: a beginning kept once, a beginning copied for every row, no cache.

Which of them a model can do, no configuration tells for sure. So each is tried on a prompt: what it says is compared
with one plain pass over the whole text. The last way, which computes every row anew for each token, is right for every
model that writes from left to right.
"""

import copy
import inspect
import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel

from gradual_learning import attention

_log = logging.getLogger(__name__)

FINE = 1e-3  # root mean square error of logits that is let pass, in units of their spread
COARSE = 0.1  # the same where numbers have 16 bits, so that every order of summing rounds differently


class Rows(Protocol):
    """The rows of a batch: ``logits`` [rows, vocabulary] are those of each row's next token."""

    logits: torch.Tensor

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by children: each takes its parent's past and one more token."""


class Beginning(Protocol):
    """The tokens that all rows of a group begin with, read by the model once as far as the way allows."""

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None: ...

    def rows(self, rest: list[list[int]]) -> Rows:
        """Start a batch of rows, each with its own tokens behind the beginning."""

    @staticmethod
    def ready(model: PreTrainedModel) -> AbstractContextManager:
        """Let the model compute this way while the block runs."""


class Shared:
    """A beginning whose cache all rows attend to without a copy; see :mod:`attention`."""

    ready = staticmethod(attention.shared_prefixes)

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None:
        self.model, self.length, self.pad = model, len(tokens), pad
        self.beside = {"shared_prefix": _read(model, tokens)} if tokens else {}

    def rows(self, rest: list[list[int]]) -> Rows:
        """Start a batch of rows."""
        return _CachedRows(self.model, DynamicCache(config=self.model.config), rest, self.length, self.pad, self.beside)


class Copied:
    """A beginning whose cache is copied for every row."""

    ready = staticmethod(nullcontext)

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None:
        self.model, self.length, self.pad = model, len(tokens), pad
        self.cache = _read(model, tokens) if tokens else DynamicCache(config=model.config)

    def rows(self, rest: list[list[int]]) -> Rows:
        """Start a batch of rows."""
        cache = copy.deepcopy(self.cache)
        if self.length:
            cache.batch_select_indices(torch.zeros(len(rest), dtype=torch.long))
        return _CachedRows(self.model, cache, rest, self.length, self.pad, {})


class Recomputed:
    """A beginning that is read again with every row, and every row again for each of its tokens."""

    ready = staticmethod(nullcontext)

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None:
        self.model, self.tokens, self.pad, self.budget = model, tokens, pad, budget

    def rows(self, rest: list[list[int]]) -> Rows:
        """Start a batch of rows."""
        return _RecomputedRows(self.model, [self.tokens + row for row in rest], self.pad, self.budget)


WAYS: dict[type[Beginning], str] = {  # the fastest first
    Shared: "the beginning of a group is kept once",
    Copied: "the beginning of a group is copied for every prompt",
    Recomputed: "no cache is used, every token is computed from the whole text",
}


class _CachedRows:
    """Rows padded on the left, whose past is in a cache."""

    def __init__(
        self, model: PreTrainedModel, cache: DynamicCache, rest: list[list[int]], start: int, pad: int, beside: dict
    ) -> None:
        self.model, self.cache, self.beside = model, cache, beside
        self.takes_positions = "position_ids" in _parameters(model)
        device = model.device
        longest = max(len(tokens) for tokens in rest)
        ids = torch.tensor([[pad] * (longest - len(tokens)) + tokens for tokens in rest], device=device)
        length = torch.tensor([len(tokens) for tokens in rest], device=device)
        own = torch.arange(longest, device=device) >= longest - length[:, None]
        self.attention = torch.nn.functional.pad(own, (0 if beside else start, 0), value=True)
        self.position = start + length - 1
        back = torch.arange(longest - 1, -1, -1, device=device)
        self.logits = self._forward(ids, (self.position[:, None] - back).clamp(min=start))

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by children; their past is reordered in the cache."""
        if len(parents) != len(self.attention) or not np.array_equal(parents, np.arange(len(parents))):
            parent = torch.from_numpy(parents)  # on the processor, as layers may lie on several devices
            self.cache.reorder_cache(parent)
            parent = parent.to(self.attention.device)
            self.attention, self.position = self.attention.index_select(0, parent), self.position[parent]
        self.attention = torch.nn.functional.pad(self.attention, (0, 1), value=True)
        self.position = self.position + 1
        ids = torch.from_numpy(tokens).to(self.model.device)
        self.logits = self._forward(ids[:, None], self.position[:, None])

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        output = self.model(
            input_ids=ids,
            attention_mask=self.attention.long(),
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
            **({"position_ids": positions} if self.takes_positions else {}),
            **self.beside,
        )
        self.cache = output.past_key_values
        return output.logits[:, -1].float()


class _RecomputedRows:
    """Rows padded on the right and read whole, at most ``budget`` tokens at a time."""

    def __init__(self, model: PreTrainedModel, rows: list[list[int]], pad: int, budget: int) -> None:
        self.model, self.pad, self.budget = model, pad, budget
        longest = max(len(tokens) for tokens in rows)
        self.ids = torch.tensor([tokens + [pad] * (longest - len(tokens)) for tokens in rows])
        self.length = torch.tensor([len(tokens) for tokens in rows])
        self.logits = self._forward()

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by children; all of their tokens are read again."""
        parent = torch.from_numpy(parents)
        self.ids = torch.nn.functional.pad(self.ids[parent], (0, 1), value=self.pad)
        self.length = self.length[parent]
        self.ids[torch.arange(len(parent)), self.length] = torch.from_numpy(tokens)
        self.length += 1
        self.logits = self._forward()

    def _forward(self) -> torch.Tensor:
        size = max(1, self.budget // self.ids.shape[1])
        return torch.cat(
            [self._read(*part) for part in zip(self.ids.split(size), self.length.split(size), strict=True)]
        )

    def _read(self, ids: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        mask = torch.arange(ids.shape[1]) < length[:, None]
        kept, place = torch.unique(length - 1, return_inverse=True)
        device = self.model.device
        logits = self.model(
            input_ids=ids.to(device),
            attention_mask=mask.long().to(device),
            use_cache=False,
            logits_to_keep=kept.to(device),
        ).logits
        place = place if logits.shape[1] == len(kept) else length - 1  # a model that gives all positions, asked or not
        return logits[torch.arange(len(ids)), place].float()


def choose(model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> type[Beginning]:
    """Return the fastest way that says of a text what one plain pass over it says.

    Args:
        model: in evaluation mode.
        tokens: a text of at least 8 tokens, as long as any row will get: what a model forgets of a longer past than it
            was tried on would go unnoticed.
        pad: the token to pad with.
        budget: tokens of one forward pass.
    """
    ids = torch.tensor([tokens], device=model.device)
    plain = model(input_ids=ids, use_cache=False, logits_to_keep=len(tokens) - len(tokens) // 2).logits[0].float()
    exact = model.dtype == torch.float32 and not getattr(model, "is_quantized", False)
    for way in (Shared, Copied):
        error = _error(way, model, tokens, plain, pad, budget)
        if error <= (FINE if exact else COARSE):
            _log.info("%s, up to %d tokens a row: logits are off by %.1e", WAYS[way], len(tokens), error)
            return way
    _log.info("%s, up to %d tokens a row: a cache is off by %.1e", WAYS[Recomputed], len(tokens), error)
    return Recomputed


def _error(
    way: type[Beginning], model: PreTrainedModel, tokens: list[int], plain: torch.Tensor, pad: int, budget: int
) -> float:
    """Return how far a way is off on two rows, one of them as short as can be, and on their three children.

    The short row needs the beginning most, and is padded most.
    """
    start, last = len(tokens) // 2, len(tokens) - 1
    try:
        with way.ready(model):
            rows = way(model, tokens[:start], pad, budget).rows([tokens[start:last], tokens[start : start + 1]])
            first = rows.logits
            rows.advance(np.array([1, 0, 0]), np.array([tokens[start + 1], tokens[last], tokens[last]]))
    except Exception as error:  # models refuse what they cannot do in all manner of ways
        _log.debug("%s: %s", WAYS[way], error)
        return float("inf")
    told = torch.cat([first, rows.logits])
    meant = plain[[-2, start - len(tokens), start + 1 - len(tokens), -1, -1]]
    errors = (told - meant).square().mean(dim=1).sqrt() / meant.std(dim=1)
    return float(errors.max().nan_to_num(nan=float("inf")))


def _read(model: PreTrainedModel, tokens: list[int]) -> DynamicCache:
    ids = torch.tensor([tokens], device=model.device)
    cache = DynamicCache(config=model.config)
    return model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values


def _parameters(model: PreTrainedModel) -> set[str]:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return set(inspect.signature(base.forward).parameters)
