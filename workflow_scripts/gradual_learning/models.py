"""Loading a base model with the checkpoint of a stage on top: a LoRA adapter or a whole fine-tuned model.

A model is a local folder in Hugging Face layout. Weights come from safetensors alone, and no code that a folder brings
along is ever run.
"""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from gradual_learning import model_files, parallel
from gradual_learning.records import UserError

ADAPTER = "adapter_config.json"
ROOM = 1.3  # memory that a model needs on a GPU, in multiples of its weights
WIDTH = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "4bit": 0.7}  # bytes a weight, embeddings stay whole in 4bit


@dataclass(frozen=True)
class Loading:
    """How weights are held; ``auto`` is float32 on a processor, and on a GPU the dtype that they are stored in."""

    dtype: str = "auto"  # float32, bfloat16, float16 or auto
    quantization: str = "none"  # or 4bit


def resolve(folder: str | Path, loading: Loading) -> Loading:
    """Put the dtype that ``auto`` means on this machine, for the model in a folder, in its place."""
    if loading.dtype != "auto":
        return loading
    return replace(loading, dtype=_stored_dtype(read_config(folder)) if torch.cuda.is_available() else "float32")


def read_config(folder: str | Path) -> PreTrainedConfig:
    """Read the configuration of a model folder.

    Raises:
        UserError: the folder holds none, or one of a model that transformers does not know without further code, or
            one of a model that does not write from left to right.
    """
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise UserError(_unknown(folder, error)) from error
    if config.is_encoder_decoder or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise UserError(_not_causal(folder, config))
    return config


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder.

    Raises:
        UserError: there is none, it needs code of its own, or it has no end token, so that no answer could be taught
            to end.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: no tokenizer that transformers can load without further code: {error}") from error
    if tokenizer.eos_token_id is None:
        raise UserError(f"{folder}: the tokenizer has no end token; set eos_token in its tokenizer_config.json.")
    return tokenizer


def load_model(
    folder: str | Path, checkpoint: str | Path | None = None, loading: Loading | None = None
) -> PreTrainedModel:
    """Load a model for inference, onto the GPU if there is one, and onto all of them if it is too large for one.

    Args:
        folder: the base model in Hugging Face layout.
        checkpoint: a stage's checkpoint; an adapter is merged into the base model, a whole model takes its place. Over
            4-bit weights an adapter stays beside them, as merging would round it away.
        loading: how the weights are held; ``auto`` unless given.

    Raises:
        UserError: the folder holds no causal language model in safetensors, or what ``loading`` asks for is not there.
    """
    loading = resolve(folder, loading or Loading())
    if checkpoint is None or not is_adapter(checkpoint):
        return _load(checkpoint or folder, loading)
    from peft import PeftModel

    model = PeftModel.from_pretrained(_load(folder, loading), str(checkpoint))
    return (model if loading.quantization == "4bit" else model.merge_and_unload()).eval()


def is_adapter(checkpoint: str | Path) -> bool:
    """Tell whether a checkpoint is a LoRA adapter rather than a whole model."""
    return (Path(checkpoint) / ADAPTER).is_file()


def _load(folder: str | Path, loading: Loading) -> PreTrainedModel:
    config = read_config(folder)
    files = model_files.weights([file.name for file in Path(folder).iterdir()], folder, str(folder))
    size = sum((Path(folder) / name).stat().st_size for name in files)
    model, found = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, loading.dtype),
        device_map=_device_map(size, _stored_dtype(config), loading),
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        **_quantization(loading),
    )
    if found["missing_keys"]:  # they would be random numbers
        raise UserError(f"{folder}: the weights lack {min(found['missing_keys'])}; get the whole language model.")
    model.eval()
    if _looks_ahead(model):
        raise UserError(_not_causal(folder, config))
    return model


def _stored_dtype(config: PreTrainedConfig) -> str:
    stored = str(config.dtype or config.get_text_config().dtype).removeprefix("torch.")
    return stored if stored in WIDTH else "float32"


def _device_map(size: int, stored: str, loading: Loading) -> dict[str, int] | str | None:
    """Tell where weights of ``size`` bytes on disk go: the first GPU, or all GPUs where that one has no room.

    Of several processes that train together each has a GPU of its own; one that gets a part of the weights only reads
    them into the memory of its machine.
    """
    if parallel.is_sharded() or not torch.cuda.is_available():
        return None
    if parallel.is_worker():
        return {"": torch.cuda.current_device()}
    held = loading.dtype if loading.quantization == "none" else loading.quantization
    needed = ROOM * size / WIDTH[stored] * WIDTH[held]
    free, _ = torch.cuda.mem_get_info(0)
    return "auto" if needed > free and torch.cuda.device_count() > 1 else {"": 0}


def _quantization(loading: Loading) -> dict[str, Any]:
    if loading.quantization == "none":
        return {}
    if find_spec("bitsandbytes") is None:
        raise UserError(
            "model.quantization: 4bit needs bitsandbytes, which is not installed. Install it with "
            "`pip install bitsandbytes` in the environment of the model rules, or set none."
        )
    settings = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16, **settings)
    return {"quantization_config": config}


@torch.inference_mode()
def _looks_ahead(model: PreTrainedModel) -> bool:
    """Tell whether a later token changes what the model says at an earlier one, as an encoder's does."""
    first = model(input_ids=torch.tensor([[1, 2, 3, 4], [1, 2, 5, 6]], device=model.device)).logits[:, 1].float()
    return bool((first[0] - first[1]).norm() > 0.05 * first[0].norm())


def _unknown(folder: str | Path, error: Exception) -> str:
    file = Path(folder) / "config.json"
    if not file.is_file():
        return f"{folder}: no config.json, so no model in Hugging Face layout; see model.path."
    if "auto_map" in file.read_text(encoding="utf-8"):
        return f"{file}: the model needs code of its own (auto_map), and such code is never run."
    return f"{file}: no model that transformers knows: {str(error).splitlines()[0]}"


def _not_causal(folder: str | Path, config: PreTrainedConfig) -> str:
    name = (config.architectures or [type(config).__name__])[0]
    return f"{folder}: {name} is no causal language model; it must write from left to right, as Qwen2 or Llama do."
