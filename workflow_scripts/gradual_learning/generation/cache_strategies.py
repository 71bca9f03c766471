"""Three strategies to compute the rows of a batch: a shared prefix cache, a prefix cache copied to every row, no cache.

Which of them a model supports is tested by :mod:`~gradual_learning.generation.strategy_choice`. The last one recomputes
every row for each token and is correct for any causal language model.
"""

import copy
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from transformers import DynamicCache, PreTrainedModel

from gradual_learning.generation import shared_prefix
from gradual_learning.generation.batch_rows import BatchRows, CachedRows, UncachedRows


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


def _fill_cache(model: PreTrainedModel, tokens: list[int]) -> DynamicCache:
    ids = torch.tensor([tokens], device=model.device)
    cache = DynamicCache(config=model.config)
    return model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values
