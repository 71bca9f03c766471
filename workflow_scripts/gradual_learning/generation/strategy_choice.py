"""The fastest cache strategy that a model supports, by a test.

The configuration of a model does not say which strategies it supports. Each is therefore run on one text, and its
logits are compared with those of one plain forward pass over the whole text. In 16 bits, and with quantized weights,
two correct computations of the same logits differ by up to a tenth of their standard deviation. There the test runs on
a small float32 model of the same architecture, where a correct strategy differs by much less, so that no choice depends
on rounding. The model itself only has to run with the strategy and to give roughly the same logits.
"""

import copy
import logging

import numpy as np
import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from gradual_learning.generation.cache_strategies import CopiedPrefix, NoCache, PrefixStrategy, SharedPrefix

_log = logging.getLogger(__name__)

# Root mean square error of logits that passes the test, in units of their standard deviation.
TOLERANCE = 1e-3  # in float32
ROUGH_TOLERANCE = 0.5  # with 16 or fewer bits; logits that miss a part of the text differ by more
EXCERPT_LAYERS = 2  # at least; as many as it takes to have layers of all types
EXCERPT_VOCABULARY = 1024

STRATEGIES: dict[type[PrefixStrategy], str] = {  # the fastest first
    SharedPrefix: "prefix cache shared by all rows",
    CopiedPrefix: "prefix cache copied to every row: the cache needs more memory, and attention to it more time",
    NoCache: "no cache: every token of an answer takes as much time as reading its whole prompt",
}


def choose_strategy(model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> type[PrefixStrategy]:
    """Return the fastest strategy whose logits equal those of one plain forward pass.

    Any other than the fastest strategy is logged as a warning.

    Args:
        model: in evaluation mode.
        tokens: ids of a text of at least 8 tokens, as long as the longest row: the test does not show what a model
            loses of a past that is longer than this.
        pad: id of the token to pad with.
        budget: tokens of one forward pass.
    """
    if model.dtype == torch.float32 and not getattr(model, "is_quantized", False):
        tests = [(model, tokens, TOLERANCE)]
    else:
        excerpt = float32_excerpt(model)
        small = [token % excerpt.get_input_embeddings().num_embeddings for token in tokens]
        tests = [(excerpt, small, TOLERANCE), (model, tokens, ROUGH_TOLERANCE)]
    chosen: type[PrefixStrategy] = NoCache
    for strategy in (SharedPrefix, CopiedPrefix):
        errors = [_relative_error(strategy, tested, ids, pad, budget) for tested, ids, _ in tests]
        passes = all(error <= tolerance for error, (*_, tolerance) in zip(errors, tests, strict=True))
        _log.log(
            logging.INFO if passes else logging.DEBUG,
            "%s; relative error of logits up to %d tokens: %s",
            strategy.__name__,
            len(tokens),
            ", ".join(f"{error:.1e}" for error in errors),
        )
        if passes:
            chosen = strategy
            break
    if chosen is not SharedPrefix:
        _log.warning("%s does not support the fastest strategy. It uses %s.", type(model).__name__, STRATEGIES[chosen])
    return chosen


def float32_excerpt(model: PreTrainedModel) -> PreTrainedModel:
    """Return a model of the same architecture with few layers, few tokens and random float32 weights.

    The random streams of the caller are left as they are.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = copy.deepcopy(base.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    _shorten(config.get_text_config())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        excerpt = AutoModelForCausalLM.from_config(config, dtype=torch.float32, trust_remote_code=False)
    return excerpt.eval().to(model.device)


def _shorten(config: PreTrainedConfig) -> None:
    """Keep the first layers, with their entries in lists that have one per layer, and the first tokens."""
    before, types = config.num_hidden_layers, getattr(config, "layer_types", None) or []
    layers = max([min(EXCERPT_LAYERS, before), *(types.index(kind) + 1 for kind in set(types))])
    for name, value in config.to_dict().items():
        if isinstance(value, list) and len(value) == before:
            setattr(config, name, value[:layers])
        elif name.endswith("_token_id"):
            setattr(config, name, 0)
    config.num_hidden_layers = layers
    config.vocab_size = min(config.vocab_size, EXCERPT_VOCABULARY)


@torch.inference_mode()
def _relative_error(
    strategy: type[PrefixStrategy], model: PreTrainedModel, tokens: list[int], pad: int, budget: int
) -> float:
    """Return the largest error of a strategy on two rows and on their three children; infinite where it fails.

    One of the two rows is as short as possible: it depends most on the prefix and has the most padding.
    """
    start, last = len(tokens) // 2, len(tokens) - 1
    pad = min(pad, model.get_input_embeddings().num_embeddings - 1)  # an excerpt has fewer tokens
    ids = torch.tensor([tokens], device=model.device)
    plain = model(input_ids=ids, use_cache=False, logits_to_keep=len(tokens) - start).logits[0].float()
    expected = plain[[-2, start - len(tokens), start + 1 - len(tokens), -1, -1]]
    try:
        with strategy.enabled(model):
            prefix = strategy(model, tokens[:start], pad, budget)
            rows = prefix.start_batch([tokens[start:last], tokens[start : start + 1]])
            first = rows.logits
            rows.advance(np.array([1, 0, 0]), np.array([tokens[start + 1], tokens[last], tokens[last]]))
    except Exception as error:  # the type depends on the model
        _log.debug("%s: %s", strategy.__name__, error)
        return float("inf")
    errors = (torch.cat([first, rows.logits]) - expected).square().mean(dim=1).sqrt() / expected.std(dim=1)
    return float(errors.max().nan_to_num(nan=float("inf")))
