"""The rows of a batch in a model: with a cache of their past, or computed in full for every token."""

import inspect
from typing import Any, Protocol

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel

from gradual_learning.models.architecture import unwrapped


class BatchRows(Protocol):
    """The rows of a batch; ``logits``, float32 [rows, vocabulary], are those of the next token of each row."""

    logits: torch.Tensor

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by their children.

        Args:
            parents: int64 [children], the row that each child continues.
            tokens: int64 [children], the token that each child appends to it.
        """


class CachedRows:
    """Rows padded on the left, with a cache of their past.

    Args:
        model: in evaluation mode.
        cache: holds the prefix of every row, or nothing where the prefix is in ``inputs``.
        suffixes: token ids of each row after the prefix.
        start: length of the prefix.
        pad: id of the token to pad with.
        inputs: further arguments of the model.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        cache: DynamicCache,
        suffixes: list[list[int]],
        start: int,
        pad: int,
        inputs: dict[str, Any],
    ) -> None:
        self.model, self.cache, self.inputs = model, cache, inputs
        self.takes_positions = "position_ids" in _parameters(model)
        device = model.device
        longest = max(len(tokens) for tokens in suffixes)
        ids = torch.tensor([[pad] * (longest - len(tokens)) + tokens for tokens in suffixes], device=device)
        length = torch.tensor([len(tokens) for tokens in suffixes], device=device)
        own = torch.arange(longest, device=device) >= longest - length[:, None]
        self.attention = torch.nn.functional.pad(own, (0 if inputs else start, 0), value=True)
        self.position = start + length - 1
        back = torch.arange(longest - 1, -1, -1, device=device)
        self.logits = self._forward(ids, (self.position[:, None] - back).clamp(min=start))

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by their children; the cache is reordered accordingly."""
        if len(parents) != len(self.attention) or not np.array_equal(parents, np.arange(len(parents))):
            parent = torch.from_numpy(parents)  # on the CPU: the layers may be on several devices
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
            **self.inputs,
        )
        self.cache = output.past_key_values
        return output.logits[:, -1].float()


class UncachedRows:
    """Rows padded on the right and computed in full, at most ``budget`` tokens in one forward pass."""

    def __init__(self, model: PreTrainedModel, rows: list[list[int]], pad: int, budget: int) -> None:
        self.model, self.pad, self.budget = model, pad, budget
        longest = max(len(tokens) for tokens in rows)
        self.ids = torch.tensor([tokens + [pad] * (longest - len(tokens)) for tokens in rows])
        self.length = torch.tensor([len(tokens) for tokens in rows])
        self.logits = self._forward()

    def advance(self, parents: np.ndarray, tokens: np.ndarray) -> None:
        """Replace the rows by their children and compute them in full."""
        parent = torch.from_numpy(parents)
        self.ids = torch.nn.functional.pad(self.ids[parent], (0, 1), value=self.pad)
        self.length = self.length[parent]
        self.ids[torch.arange(len(parent)), self.length] = torch.from_numpy(tokens)
        self.length += 1
        self.logits = self._forward()

    def _forward(self) -> torch.Tensor:
        size = max(1, self.budget // self.ids.shape[1])
        parts = zip(self.ids.split(size), self.length.split(size), strict=True)
        return torch.cat([self._last_logits(*part) for part in parts])

    def _last_logits(self, ids: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        mask = torch.arange(ids.shape[1]) < length[:, None]
        kept, place = torch.unique(length - 1, return_inverse=True)
        device = self.model.device
        logits = self.model(
            input_ids=ids.to(device),
            attention_mask=mask.long().to(device),
            use_cache=False,
            logits_to_keep=kept.to(device),
        ).logits
        place = place if logits.shape[1] == len(kept) else length - 1  # some models ignore logits_to_keep
        return logits[torch.arange(len(ids)), place].float()


def _parameters(model: PreTrainedModel) -> set[str]:
    return set(inspect.signature(unwrapped(model).forward).parameters)
