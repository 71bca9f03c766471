"""Attention to a beginning that all rows of a batch share, kept once instead of copied for every row.

The model's cache holds only what each row has of its own. The shared beginning is passed beside it, and every query
attends to both: one matrix product with the shared keys for the whole batch, one with the row's own, and a softmax over
the two together. What comes out equals attention to the copied whole up to rounding.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "gradual_learning_shared_prefix"


def shared_prefix_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    shared_prefix: DynamicCache | None = None,
    **kwargs,
) -> tuple[torch.Tensor, None]:
    """Attend to the shared beginning and to the row's own past; an attention function as transformers calls them.

    Args:
        module: the attention layer.
        query: [rows, query heads, new tokens, width].
        key: [rows, key heads, own tokens, width], the row's own past and the new tokens; ``value`` likewise.
        attention_mask: [rows, 1, new tokens, own tokens], added to the scores.
        scaling: factor on the scores.
        shared_prefix: cache of one row; none: the layer's usual attention.

    Returns:
        [rows, new tokens, query heads, width], and no weights.
    """
    if shared_prefix is None:
        return ALL_ATTENTION_FUNCTIONS["sdpa"](module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    layer = shared_prefix.layers[module.layer_idx]
    rows, heads, length, width = query.shape
    key_heads, shared = key.shape[1], layer.keys.shape[2]
    query = (query * (scaling or width**-0.5)).reshape(rows, key_heads, heads // key_heads * length, width)
    everyone = query.transpose(0, 1).reshape(key_heads, -1, width)
    to_shared = (everyone @ layer.keys[0].transpose(1, 2)).view(key_heads, rows, -1, shared).transpose(0, 1)
    to_own = (query @ key.transpose(2, 3)).view(rows, key_heads, -1, length, key.shape[2]) + attention_mask[:, None]
    scores = torch.cat([to_shared, to_own.view(rows, key_heads, -1, key.shape[2])], dim=-1)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    of_shared, of_own = weights[..., :shared], weights[..., shared:]
    from_shared = of_shared.transpose(0, 1).reshape(key_heads, -1, shared) @ layer.values[0]
    output = from_shared.view(key_heads, rows, -1, value.shape[3]).transpose(0, 1) + of_own @ value
    return output.reshape(rows, heads, length, -1).transpose(1, 2).contiguous(), None


ALL_ATTENTION_FUNCTIONS.register(NAME, shared_prefix_attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, ALL_MASK_ATTENTION_FUNCTIONS["eager"])


@contextmanager
def shared_prefixes(model: PreTrainedModel) -> Iterator[None]:
    """Let the model attend to shared beginnings while the block runs.

    Raises:
        ValueError: it cannot, as its layers look at a window of the past, cap their scores or bring an attention of
            their own.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    before = base.config._attn_implementation
    try:
        if _attends_to_all(base.config) and before in ("sdpa", "eager"):
            base.set_attn_implementation(NAME)
        if base.config._attn_implementation != NAME:
            raise ValueError(f"{type(base).__name__} cannot attend to a shared beginning")
        yield
    finally:
        base.set_attn_implementation(before)


def _attends_to_all(config: PreTrainedConfig) -> bool:
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    capped = getattr(config, "attn_logit_softcapping", None)
    return layers == {"full_attention"} and not getattr(config, "sliding_window", None) and not capped
