"""The architecture of a model: without the wrapper of an adapter, and with fewer layers."""

import copy

from transformers import PreTrainedConfig, PreTrainedModel


def unwrapped(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model of transformers within the wrapper of PEFT, or the model itself where there is none."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def shortened(config: PreTrainedConfig, layers: int) -> PreTrainedConfig:
    """Return the configuration of the same model with its first layers only.

    Lists that have one entry per layer, such as ``layer_types``, are shortened too.
    """
    config = copy.deepcopy(config)
    text = config.get_text_config()
    for name, value in text.to_dict().items():
        if isinstance(value, list) and len(value) == text.num_hidden_layers and not name.endswith("_token_id"):
            setattr(text, name, value[:layers])
    text.num_hidden_layers = layers
    return config
