"""The configuration of a model with fewer layers, and models without the wrapper of an adapter."""

from peft import LoraConfig, get_peft_model
from transformers import Gemma2Config, Qwen2Config

from gradual_learning.models.architecture import shortened, unwrapped
from gradual_learning.models.loading import load_model


def test_lists_with_an_entry_per_layer_are_shortened_with_the_layers():
    config = Gemma2Config(num_hidden_layers=4)
    shorter = shortened(config, 3)
    assert (shorter.num_hidden_layers, len(config.layer_types)) == (3, 4)
    assert shorter.layer_types == config.layer_types[:3]


def test_lists_of_tokens_are_left_as_they_are():
    assert shortened(Qwen2Config(num_hidden_layers=2, eos_token_id=[7, 8]), 1).eos_token_id == [7, 8]


def test_an_adapter_is_unwrapped(tiny_model):
    model = load_model(tiny_model)
    assert unwrapped(get_peft_model(model, LoraConfig(target_modules="all-linear"))) is unwrapped(model) is model
