"""Whether the parts of a model fit together and can be loaded here, found out without reading its weights."""

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.quantizers.auto import AutoHfQuantizer

from gradual_learning.jobs.errors import UserError, in_one_line
from gradual_learning.models.tokenization import Encoder

_ROLES = ("bos_token", "eos_token", "unk_token", "pad_token")
_NUMBER = re.compile(r"\.\d+\.")  # of a layer, in the name of a weight
_OTHER_CONFIG = "Get the complete model, with the config.json that belongs to its weights."


def check_tokenizer(folder: str | Path, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Check that the tokenizer works, and that the model has embeddings for all tokens that it may have to read.

    Special tokens without a role, such as the placeholder of an image in a model for texts, are never read.

    Raises:
        UserError: a text cannot be encoded, or the end token or another token has no embedding.
    """
    try:
        Encoder(tokenizer).encode_prompts(["Who?"])
    except Exception as error:  # damaged files fail in many ways
        raise UserError(
            f"{folder}: the tokenizer cannot encode a text ({in_one_line(error)}). Its files are damaged or do not "
            "belong together (tokenizer.json, tokenizer_config.json): get them again."
        ) from error
    rows = config.get_text_config().vocab_size
    held = f"but the model has embeddings for {rows} (vocab_size in config.json)"
    if tokenizer.eos_token_id >= rows:
        raise UserError(
            f"{folder}: the end token of the tokenizer, {tokenizer.eos_token}, is token {tokenizer.eos_token_id}, "
            f"{held}. Set eos_token in tokenizer_config.json to the end token of the model."
        )
    roles = {getattr(tokenizer, role) for role in _ROLES}
    unused = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special} - roles
    outside = {name: number for name, number in tokenizer.get_vocab().items() if number >= rows and name not in unused}
    if outside:
        example = min(outside, key=outside.__getitem__)
        raise UserError(
            f"{folder}: the tokenizer has {len(tokenizer)} tokens, {held}, so it cannot read {example}. Use the "
            "tokenizer that belongs to the model, or add the embeddings (resize_token_embeddings, save_pretrained)."
        )


def check_chat_template(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Check that the chat template works, and that the model has embeddings for the tokens that it writes.

    Raises:
        UserError: there is no chat template, it fails, or it writes a token without an embedding.
    """
    [row] = Encoder(tokenizer, chat_template=True).encode_prompts(["a"])
    if max(row) >= config.get_text_config().vocab_size:
        raise UserError(
            f"model.chat_template: the chat template of this model writes {tokenizer.decode([max(row)])}, for which "
            "the model has no embedding. Set it to false, or use the template that belongs to the model."
        )


def check_quantization(folder: str | Path, config: PreTrainedConfig) -> None:
    """Check that the library is installed that quantized weights need.

    Raises:
        UserError: it is not, or transformers does not know the kind of quantization.
    """
    settings = _quantization(config)
    if settings is None:
        return
    place = f"{folder}: the weights are quantized ({settings.get('quant_method')}, in config.json)"
    remedy = "or use a model whose weights are not quantized (model.quantization: 4bit quantizes any)"
    try:
        if not AutoHfQuantizer.supports_quant_method(settings):
            raise UserError(f"{place} in a way that transformers does not know. Use another model, {remedy}.")
        AutoHfQuantizer.from_config(settings, pre_quantized=True).validate_environment(device_map=None)
    except ImportError as error:
        reason = in_one_line(error).rstrip(".")
        raise UserError(f"{place}. {reason}, in the environment of the model rules, {remedy}.") from error
    except RuntimeError as error:  # there may be a GPU where the jobs run
        logging.warning("%s. %s", place, in_one_line(error))
    except (ValueError, TypeError) as error:
        raise UserError(f"{place}, but these settings are invalid: {in_one_line(error)}. {_OTHER_CONFIG}") from error


def check_weights(folder: str | Path, config: PreTrainedConfig) -> None:
    """Check that the weights in a folder are those of the model that its configuration describes.

    transformers itself matches them, on a device without memory. Quantized weights are not checked.

    Raises:
        UserError: a weight is missing, has another shape, or would be ignored.
    """
    if _quantization(config) is not None:
        return
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            str(folder),
            device_map={"": "meta"},
            ignore_mismatched_sizes=True,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # for arbitrary settings, the code of a model raises anything
        raise UserError(
            f"{folder}/config.json: no model can be built: {in_one_line(error)}. {_OTHER_CONFIG}"
        ) from error
    if found["missing_keys"]:
        raise UserError(f"{folder}: the weights lack {min(found['missing_keys'])}. {_OTHER_CONFIG}")
    if found["mismatched_keys"]:
        name, held, needed = min(found["mismatched_keys"])
        sizes = f"has the shape {tuple(held)} in the weights, but {tuple(needed)} according to config.json"
        raise UserError(f"{folder}: {name} {sizes}. {_OTHER_CONFIG}")
    if ignored := _ignored(model, found["unexpected_keys"]):
        raise UserError(f"{folder}: the weights hold {ignored}, which does not exist by config.json. {_OTHER_CONFIG}")


def _ignored(model: PreTrainedModel, unexpected: Iterable[str]) -> str | None:
    """Return a weight that a part of the model lacks, or a layer like the others has, by config.json.

    Other weights, such as constants of older versions or parts for images, may well be left out.
    """
    modules = dict(model.named_modules())
    for name in sorted(unexpected):
        owner = modules.get(_NUMBER.sub(".0.", name, count=1).rpartition(".")[0])
        if owner is not None and not any(owner.children()) and any(True for _ in owner.parameters()):
            return name
    return None


def _quantization(config: PreTrainedConfig) -> dict[str, Any] | None:
    settings = getattr(config, "quantization_config", None)
    return settings if settings is None or isinstance(settings, dict) else settings.to_dict()
