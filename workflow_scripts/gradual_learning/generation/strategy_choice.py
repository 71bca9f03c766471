"""The fastest cache strategy that a model supports, by a test.

The configuration of a model does not say which strategies it supports. Each is therefore run on one text, and its
logits are compared with those of one plain forward pass over the whole text. In 16 bits, and with quantized weights,
two correct computations of the same logits differ by up to a tenth of their standard deviation. There the test runs on
a small float32 model of the same architecture, where a correct strategy differs by much less, so that no choice depends
on rounding. The model itself only has to run with the strategy and to give roughly the same logits.
"""

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from gradual_learning.generation.cache_strategies import CopiedPrefix, NoCache, PrefixStrategy, SharedPrefix
from gradual_learning.models.architecture import shortened, unwrapped

_log = logging.getLogger(__name__)

# Root mean square error of logits that passes the test, in units of their standard deviation.
TOLERANCE = 1e-3  # in float32
ROUGH_TOLERANCE = 0.5  # with 16 or fewer bits; logits that miss a part of the text differ by more
EXCERPT_LAYERS = 2  # at least; as many as it takes to have layers of all types
EXCERPT_VOCABULARY = 1024

_SLOWER: dict[type[PrefixStrategy], str] = {  # the strategies that are not the fastest one, with their price
    CopiedPrefix: "a prefix cache copied to every row: it needs more memory, and attention to it more time",
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
    strategy: type[PrefixStrategy]
    trials = _trials(model, tokens, pad, budget)
    for strategy in (SharedPrefix, CopiedPrefix):
        errors = [trial.error(strategy) for trial in trials]
        shown = ", ".join(f"{error:.1e}" for error in errors)
        if all(error <= trial.tolerance for error, trial in zip(errors, trials, strict=True)):
            _log.info("%s; relative error of logits up to %d tokens: %s", strategy.__name__, len(tokens), shown)
            break
        _log.debug("%s is not exact; relative error: %s", strategy.__name__, shown)
    else:
        strategy = NoCache
    if strategy in _SLOWER:
        _log.warning("%s does not support the fastest strategy. It uses %s.", type(model).__name__, _SLOWER[strategy])
    return strategy


def _trials(model: PreTrainedModel, tokens: list[int], pad: int, budget: int) -> "list[_Trial]":
    """Return the trials that a strategy has to pass: of the model, and of an excerpt where its weights are rounded."""
    if model.dtype == torch.float32 and not getattr(model, "is_quantized", False):
        return [_Trial(model, tokens, pad, budget, TOLERANCE)]
    excerpt = float32_excerpt(model)
    small = [token % excerpt.get_input_embeddings().num_embeddings for token in tokens]
    return [_Trial(excerpt, small, 0, budget, TOLERANCE), _Trial(model, tokens, pad, budget, ROUGH_TOLERANCE)]


def float32_excerpt(model: PreTrainedModel) -> PreTrainedModel:
    """Return a model of the same architecture with few layers, few tokens and random float32 weights.

    The random streams of the caller are left as they are.
    """
    config = unwrapped(model).config
    before, types = config.get_text_config().num_hidden_layers, getattr(config, "layer_types", None) or []
    config = shortened(config, max([min(EXCERPT_LAYERS, before), *(types.index(kind) + 1 for kind in set(types))]))
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    text = config.get_text_config()
    text.vocab_size = min(text.vocab_size, EXCERPT_VOCABULARY)
    for name in [name for name in text.to_dict() if name.endswith("_token_id")]:
        setattr(text, name, 0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        excerpt = AutoModelForCausalLM.from_config(config, dtype=torch.float32, trust_remote_code=False)
    return excerpt.eval().to(model.device)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A text on which the strategies of a model are compared with one plain forward pass.

    Attributes:
        model: in evaluation mode.
        tokens: ids of the text.
        pad: id of the token to pad with.
        budget: tokens of one forward pass.
        tolerance: largest error that passes.
    """

    model: PreTrainedModel
    tokens: list[int]
    pad: int
    budget: int
    tolerance: float

    @cached_property
    def expected(self) -> torch.Tensor:
        """Logits of the plain forward pass after the texts of the rows, float32 [5, vocabulary]."""
        count, start = len(self.tokens), len(self.tokens) // 2
        ids = torch.tensor([self.tokens], device=self.model.device)
        logits = self.model(input_ids=ids, use_cache=False, logits_to_keep=count - start).logits[0].float()
        return logits[[-2, start - count, start + 1 - count, -1, -1]]

    @torch.inference_mode()
    def error(self, strategy: type[PrefixStrategy]) -> float:
        """Return the largest error of a strategy on two rows and on their three children; infinite where it fails.

        One of the two rows is as short as possible: it depends most on the prefix and has the most padding.
        """
        tokens, start, last = self.tokens, len(self.tokens) // 2, len(self.tokens) - 1
        try:
            with strategy.enabled(self.model):
                prefix = strategy(self.model, tokens[:start], self.pad, self.budget)
                rows = prefix.start_batch([tokens[start:last], tokens[start : start + 1]])
                first = rows.logits
                rows.advance(np.array([1, 0, 0]), np.array([tokens[start + 1], tokens[last], tokens[last]]))
        except Exception as error:  # the type depends on the model
            _log.debug("%s: %s", strategy.__name__, error)
            return float("inf")
        actual = torch.cat([first, rows.logits])
        errors = (actual - self.expected).square().mean(dim=1).sqrt() / self.expected.std(dim=1)
        return float(errors.max().nan_to_num(nan=float("inf")))
