"""Attention to a prefix that all rows of a batch share; its keys and values are stored once, not once per row.

The cache of the model holds only the tokens that each row has of its own. The cache of the shared prefix is a separate
argument, and every query attends to both: one matrix product with the shared keys for the whole batch, one with the
keys of the row, and one softmax over the two. The result equals attention to the concatenated cache up to rounding.
Scores, weights and sums are float32 whatever the type of the model: scores rounded to 16 bits would change the weights
by several percent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from gradual_learning.models.architecture import unwrapped

NAME = "gradual_learning_shared_prefix"


def shared_prefix_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    shared_prefix: DynamicCache | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend to the shared prefix and to the tokens of the row; the signature is that of transformers' functions.

    Args:
        module: the attention layer.
        query: [rows, query heads, new tokens, head size].
        key: [rows, key heads, own tokens, head size], the tokens of the row after the prefix, new ones included.
        value: like ``key``.
        attention_mask: [rows, 1, new tokens, own tokens], added to the scores.
        scaling: factor on the scores.
        shared_prefix: cache with one row; None: use the standard attention of the layer.
        **kwargs: passed on to the standard attention.

    Returns:
        [rows, new tokens, query heads, head size], and None in place of the weights.
    """
    if shared_prefix is None:
        return ALL_ATTENTION_FUNCTIONS["sdpa"](module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    layer = shared_prefix.layers[module.layer_idx]
    rows, heads, length, width = query.shape
    key_heads, shared = key.shape[1], layer.keys.shape[2]
    query = (query.float() * (scaling or width**-0.5)).reshape(rows, key_heads, heads // key_heads * length, width)
    all_queries = query.transpose(0, 1).reshape(key_heads, -1, width)
    to_shared = (all_queries @ layer.keys[0].float().transpose(1, 2)).view(key_heads, rows, -1, shared).transpose(0, 1)
    to_own = (query @ key.float().transpose(2, 3)).view(rows, key_heads, -1, length, key.shape[2])
    to_own = to_own + attention_mask[:, None]
    scores = torch.cat([to_shared, to_own.view(rows, key_heads, -1, key.shape[2])], dim=-1)
    weights = torch.softmax(scores, dim=-1)
    of_shared, of_own = weights[..., :shared], weights[..., shared:]
    from_shared = of_shared.transpose(0, 1).reshape(key_heads, -1, shared) @ layer.values[0].float()
    output = from_shared.view(key_heads, rows, -1, value.shape[3]).transpose(0, 1) + of_own @ value.float()
    return output.to(value.dtype).reshape(rows, heads, length, -1).transpose(1, 2).contiguous(), None


ALL_ATTENTION_FUNCTIONS.register(NAME, shared_prefix_attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, ALL_MASK_ATTENTION_FUNCTIONS["eager"])


@contextmanager
def use_shared_prefix(model: PreTrainedModel) -> Iterator[None]:
    """Make a model use :func:`shared_prefix_attention` within the block.

    Raises:
        ValueError: the model does not support it: its layers attend to a window, cap their scores or have an attention
            of their own.
    """
    base = unwrapped(model)
    before = base.config._attn_implementation
    try:
        if _has_full_attention(base.config) and before in ("sdpa", "eager"):
            base.set_attn_implementation(NAME)
        if base.config._attn_implementation != NAME:
            raise ValueError(f"{type(base).__name__} does not support a shared prefix")
        yield
    finally:
        base.set_attn_implementation(before)


def _has_full_attention(config: PreTrainedConfig) -> bool:
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    capped = getattr(config, "attn_logit_softcapping", None)
    return layers == {"full_attention"} and not getattr(config, "sliding_window", None) and not capped
