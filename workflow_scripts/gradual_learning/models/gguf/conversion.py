"""Convert a GGUF file to a model folder in Hugging Face layout, with weights in 16 bits.

The weights are stored in bfloat16, in which models are trained and GPUs compute, or in float16 where the file is.
Rounding to bfloat16 changes a weight by 0.2 % at most, much less than quantization to 8 or fewer bits.
"""

from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    GgufConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.gguf.header import AGAIN, OTHER_LAYOUT, Header, explain_damage, read_header
from gradual_learning.models.gguf.tokenizer import read_tokenizer

_BYTES_READ, _BYTES_STORED = 4, 2  # per weight: in memory during the conversion, on disk after it


def convert(file: str | Path, folder: str | Path, with_weights: bool) -> dict[str, Any]:
    """Write configuration, tokenizer and, if requested, weights of a GGUF file into an empty folder.

    Returns:
        ``name``, ``license`` and ``quantization`` as the file states them (or None); of the converted weights
        ``dtype``, ``weight_bytes`` and ``shards`` (names of the files, empty without weights).

    Raises:
        UserError: the file cannot be read, or transformers cannot read the model in it; the message names the file.
    """
    folder, header = Path(folder), read_header(file)
    config = _read_config(header)
    read_tokenizer(header).save_pretrained(folder)
    if with_weights:
        _load(header).to(config.dtype).save_pretrained(folder)
    config.save_pretrained(folder)
    return {
        **{key: header.metadata.get(f"general.{key}") for key in ("name", "license")},
        "quantization": header.quantization,
        "dtype": str(config.dtype).removeprefix("torch."),
        "weight_bytes": _BYTES_STORED * sum(header.sizes.values()),
        "shards": sorted(path.name for path in folder.glob("*.safetensors")),
    }


def _read_config(header: Header) -> PreTrainedConfig:
    """Read the configuration of a causal language model that has as many weights as the file holds."""
    with explain_damage(header.path):
        config = AutoConfig.from_pretrained(
            str(header.path.parent), gguf_file=header.path.name, trust_remote_code=False, local_files_only=True
        )
        if config.is_encoder_decoder or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
            raise UserError(f"{header.path}: {header.architecture} is not a causal language model. Choose one that is.")
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    _check_size(header, model)
    config.architectures = [type(model).__name__]
    config.dtype = torch.float16 if header.quantization == "F16" else torch.bfloat16
    return config


def _check_size(header: Header, model: PreTrainedModel) -> None:
    """Check that transformers uses every weight of the file, for example factors of rotary positions."""
    held, used = sum(header.sizes.values()), model.num_parameters()
    if model.config.tie_word_embeddings:
        held -= header.sizes.get("output.weight", 0)  # a second copy of the embeddings
    if held != used:
        unusual = f", among them {', '.join(header.unusual[:3])}" if header.unusual else ""
        raise UserError(
            f"{header.path}: the file holds {held:,} weights{unusual}, but the model that transformers builds for it "
            f"has {used:,}. {OTHER_LAYOUT}"
        )


def _load(header: Header) -> PreTrainedModel:
    """Load all weights in fp32."""
    needed, free = _BYTES_READ * sum(header.sizes.values()), psutil.virtual_memory().available
    if needed > free:
        raise UserError(
            f"{header.path}: the conversion needs {needed / 1e9:.1f} GB of memory, but only {free / 1e9:.1f} GB are "
            "free. Convert it on a larger machine, or use the model in Hugging Face layout."
        )
    with explain_damage(header.path):
        model, found = AutoModelForCausalLM.from_pretrained(
            str(header.path.parent),
            gguf_file=header.path.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    if missing := [*found["missing_keys"], *found["mismatched_keys"]]:
        raise UserError(f"{header.path}: transformers finds no weights for {min(map(str, missing))}. {OTHER_LAYOUT}")
    if not all(weight.isfinite().all() for weight in model.parameters()):
        raise UserError(f"{header.path}: some weights are not finite numbers. {AGAIN}")
    return model
