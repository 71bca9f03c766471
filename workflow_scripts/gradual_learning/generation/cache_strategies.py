"""Three strategies to compute the rows of a batch: a shared prefix cache, a prefix cache copied to every row, no cache.

The configuration of a model does not say which of them it supports. Each is therefore tested on one prompt: its logits
are compared with those of one plain forward pass over the whole text. The last strategy recomputes every row for each
token and is correct for any causal language model.
"""

import copy
import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel

from gradual_learning.generation import shared_prefix
from gradual_learning.generation.batch_rows import BatchRows, CachedRows, UncachedRows

_log = logging.getLogger(__name__)

# Root mean square error of logits that passes the test, in units of their standard deviation.
TOLERANCE_FLOAT32 = 1e-3
TOLERANCE_16_BIT = 0.1  # any other order of summation rounds differently


class PrefixStrategy(Protocol):
    """The tokens that all prompts of a group start with, and how the rows of a batch use them.

    Args:
        model: in evaluation mode.
        tokens: ids of the prefix; may be empty.
        pad: id of the token to pad with.
        budget: tokens of one forward pass, where the strategy can split a batch.
    """

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None: ...

    def start_batch(self, suffixes: list[list[int]]) -> BatchRows:
        """Return the rows of a batch, one per suffix: the tokens of a prompt after the prefix, at least one."""

    @staticmethod
    def enabled(model: PreTrainedModel) -> AbstractContextManager[None]:
        """Prepare the model for this strategy within the block; any exception means that it does not support it."""


class SharedPrefix:
    """A prefix whose cache is stored once and shared by all rows."""

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None:
        self.model, self.length, self.pad = model, len(tokens), pad
        self.inputs = {"shared_prefix": _fill_cache(model, tokens)} if tokens else {}

    def start_batch(self, suffixes: list[list[int]]) -> BatchRows:
        """Return the rows of a batch; see :class:`PrefixStrategy`."""
        cache = DynamicCache(config=self.model.config)
        return CachedRows(self.model, cache, suffixes, self.length, self.pad, self.inputs)

    @staticmethod
    def enabled(model: PreTrainedModel) -> AbstractContextManager[None]:
        """Prepare the model; see :class:`PrefixStrategy`."""
        return shared_prefix.use_shared_prefix(model)


class CopiedPrefix:
    """A prefix whose cache is copied to every row."""

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None:
        self.model, self.length, self.pad = model, len(tokens), pad
        self.cache = _fill_cache(model, tokens) if tokens else DynamicCache(config=model.config)

    def start_batch(self, suffixes: list[list[int]]) -> BatchRows:
        """Return the rows of a batch; see :class:`PrefixStrategy`."""
        cache = copy.deepcopy(self.cache)
        if self.length:
            cache.batch_select_indices(torch.zeros(len(suffixes), dtype=torch.long))
        return CachedRows(self.model, cache, suffixes, self.length, self.pad, {})

    @staticmethod
    def enabled(model: PreTrainedModel) -> AbstractContextManager[None]:
        """Prepare the model; see :class:`PrefixStrategy`."""
        return nullcontext()


class NoCache:
    """No cache: every row is recomputed from its first token for each new token."""

    def __init__(self, model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> None:
        self.model, self.tokens, self.pad, self.budget = model, tokens, pad, budget

    def start_batch(self, suffixes: list[list[int]]) -> BatchRows:
        """Return the rows of a batch; see :class:`PrefixStrategy`."""
        return UncachedRows(self.model, [self.tokens + suffix for suffix in suffixes], self.pad, self.budget)

    @staticmethod
    def enabled(model: PreTrainedModel) -> AbstractContextManager[None]:
        """Prepare the model; see :class:`PrefixStrategy`."""
        return nullcontext()


STRATEGIES: dict[type[PrefixStrategy], str] = {  # the fastest first
    SharedPrefix: "prefix cache shared by all rows",
    CopiedPrefix: "prefix cache copied to every row",
    NoCache: "no cache",
}


def choose_strategy(model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> type[PrefixStrategy]:
    """Return the fastest strategy whose logits equal those of one plain forward pass.

    Args:
        model: in evaluation mode.
        tokens: ids of a text of at least 8 tokens, as long as the longest row: the test does not show what a model
            loses of a past that is longer than this.
        pad: id of the token to pad with.
        budget: tokens of one forward pass.
    """
    ids = torch.tensor([tokens], device=model.device)
    plain = model(input_ids=ids, use_cache=False, logits_to_keep=len(tokens) - len(tokens) // 2).logits[0].float()
    exact = model.dtype == torch.float32 and not getattr(model, "is_quantized", False)
    for strategy in (SharedPrefix, CopiedPrefix):
        error = _relative_error(strategy, model, tokens, plain, pad, budget)
        if error <= (TOLERANCE_FLOAT32 if exact else TOLERANCE_16_BIT):
            _log.info("%s; relative error of logits up to %d tokens: %.1e", STRATEGIES[strategy], len(tokens), error)
            return strategy
    _log.info("%s; relative error of logits with a cache: %.1e (%d tokens)", STRATEGIES[NoCache], error, len(tokens))
    return NoCache


def _relative_error(
    strategy: type[PrefixStrategy],
    model: PreTrainedModel,
    tokens: list[int],
    plain: torch.Tensor,
    pad: int,
    budget: int,
) -> float:
    """Return the largest error of a strategy on two rows and on their three children; infinite where it fails.

    One of the two rows is as short as possible: it depends most on the prefix and has the most padding.
    """
    start, last = len(tokens) // 2, len(tokens) - 1
    try:
        with strategy.enabled(model):
            prefix = strategy(model, tokens[:start], pad, budget)
            rows = prefix.start_batch([tokens[start:last], tokens[start : start + 1]])
            first = rows.logits
            rows.advance(np.array([1, 0, 0]), np.array([tokens[start + 1], tokens[last], tokens[last]]))
    except Exception as error:  # the type depends on the model
        _log.debug("%s: %s", STRATEGIES[strategy], error)
        return float("inf")
    actual = torch.cat([first, rows.logits])
    expected = plain[[-2, start - len(tokens), start + 1 - len(tokens), -1, -1]]
    errors = (actual - expected).square().mean(dim=1).sqrt() / expected.std(dim=1)
    return float(errors.max().nan_to_num(nan=float("inf")))


def _fill_cache(model: PreTrainedModel, tokens: list[int]) -> DynamicCache:
    ids = torch.tensor([tokens], device=model.device)
    cache = DynamicCache(config=model.config)
    return model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values
