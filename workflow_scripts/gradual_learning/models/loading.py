"""Load a base model with the checkpoint of a stage: a LoRA adapter or a whole fine-tuned model.

A model is a local folder in Hugging Face layout. Only safetensors are loaded, and code in the folder is never executed.
"""

from dataclasses import dataclass, replace
from importlib.metadata import version
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

from gradual_learning.jobs.errors import UserError, in_one_line
from gradual_learning.jobs.processes import is_sharded, is_worker
from gradual_learning.models.files import ADAPTER_CONFIG, weight_files

MEMORY_FACTOR = 1.3  # GPU memory that a model needs, in multiples of its weights
BYTES_PER_WEIGHT = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "4bit": 0.7}  # 4bit leaves embeddings as they are


@dataclass(frozen=True)
class Loading:
    """How weights are loaded; for the dtype ``auto`` see :func:`resolve_dtype`."""

    dtype: str = "auto"  # float32, bfloat16, float16 or auto
    quantization: str = "none"  # or 4bit


def resolve_dtype(folder: str | Path, loading: Loading) -> Loading:
    """Replace the dtype ``auto`` by the dtype that it stands for on this machine, for the model in a folder.

    That is the stored dtype on a GPU, and on a CPU with instructions for it; otherwise float32.
    """
    if loading.dtype != "auto":
        return loading
    stored = stored_dtype(read_config(folder))
    is_fast = torch.cuda.is_available() or (stored == "bfloat16" and _has_bfloat16_instructions())
    return replace(loading, dtype=stored if is_fast else "float32")


def _has_bfloat16_instructions() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16"))


def read_config(folder: str | Path) -> PreTrainedConfig:
    """Read the configuration of a model folder.

    Raises:
        UserError: the folder has no valid configuration, transformers does not support the model without remote code,
            or it is not a causal language model.
    """
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # for arbitrary settings, the code of a configuration raises anything
        raise UserError(_unknown(folder, error)) from error
    if config.is_encoder_decoder or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise UserError(_not_causal(folder, config))
    return config


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder.

    Raises:
        UserError: the folder has no tokenizer that can be loaded here without remote code, or one without an end token,
            without which a model cannot learn to end its answers.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # the library of tokenizers raises plain Exception
        raise UserError(_no_tokenizer(Path(folder), error)) from error
    if tokenizer.eos_token_id is None:
        raise UserError(f"{folder}: the tokenizer has no end token; set eos_token in its tokenizer_config.json.")
    return tokenizer


def load_model(
    folder: str | Path, checkpoint: str | Path | None = None, loading: Loading | None = None
) -> PreTrainedModel:
    """Load a model for inference: onto the GPU if there is one, or across all GPUs if one is too small.

    Args:
        folder: the base model in Hugging Face layout.
        checkpoint: a checkpoint of a stage. An adapter is merged into the base model; a whole model replaces it. An
            adapter on 4-bit weights stays separate: merging would lose it to rounding.
        loading: how to load the weights; the default is dtype ``auto`` without quantization.

    Raises:
        UserError: the folder holds no causal language model in safetensors, or a library that ``loading`` needs is not
            installed.
    """
    loading = resolve_dtype(folder, loading or Loading())
    if checkpoint is None or not is_adapter(checkpoint):
        return _load(checkpoint or folder, loading)
    from peft import PeftModel

    model = PeftModel.from_pretrained(_load(folder, loading), str(checkpoint))
    return (model if loading.quantization == "4bit" else model.merge_and_unload()).eval()


def is_adapter(checkpoint: str | Path) -> bool:
    """Return whether a checkpoint is a LoRA adapter rather than a whole model."""
    return (Path(checkpoint) / ADAPTER_CONFIG).is_file()


def _load(folder: str | Path, loading: Loading) -> PreTrainedModel:
    config = read_config(folder)
    names = weight_files([file.name for file in Path(folder).iterdir()], folder, str(folder))
    size = sum((Path(folder) / name).stat().st_size for name in names)
    model, found = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, loading.dtype),
        device_map=_device_map(size, stored_dtype(config), loading),
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        **_quantization(loading),
    )
    if found["missing_keys"]:  # transformers would initialize them randomly
        raise UserError(f"{folder}: the weights lack {min(found['missing_keys'])}. Get the complete language model.")
    model.eval()
    if _is_bidirectional(model):
        raise UserError(_not_causal(folder, config))
    return model


def stored_dtype(config: PreTrainedConfig) -> str:
    """Return the dtype in which the weights of a model are stored, float32 where it is none that can be loaded."""
    stored = str(config.dtype or config.get_text_config().dtype).removeprefix("torch.")
    return stored if stored in BYTES_PER_WEIGHT else "float32"


def _device_map(size: int, stored: str, loading: Loading) -> dict[str, int] | str | None:
    """Return where to load weights of ``size`` bytes on disk: the first GPU, or all GPUs if that one is too small.

    In distributed training each process has its own GPU; with sharded weights it loads them into main memory first.
    """
    if is_sharded() or not torch.cuda.is_available():
        return None
    if is_worker():
        return {"": torch.cuda.current_device()}
    held = loading.dtype if loading.quantization == "none" else loading.quantization
    needed = MEMORY_FACTOR * size / BYTES_PER_WEIGHT[stored] * BYTES_PER_WEIGHT[held]
    free, _ = torch.cuda.mem_get_info(0)
    return "auto" if needed > free and torch.cuda.device_count() > 1 else {"": 0}


def _quantization(loading: Loading) -> dict[str, Any]:
    if loading.quantization == "none":
        return {}
    if find_spec("bitsandbytes") is None:
        raise UserError(
            "model.quantization: 4bit needs bitsandbytes, which is not installed. Install it with "
            "`pip install bitsandbytes` in the environment of the model rules, or set model.quantization to none."
        )
    settings = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16, **settings)
    return {"quantization_config": config}


@torch.inference_mode()
def _is_bidirectional(model: PreTrainedModel) -> bool:
    """Return whether a later token changes the logits of an earlier one, as in an encoder."""
    first = model(input_ids=torch.tensor([[1, 2, 3, 4], [1, 2, 5, 6]], device=model.device)).logits[:, 1].float()
    return bool((first[0] - first[1]).norm() > 0.05 * first[0].norm())


def _unknown(folder: str | Path, error: Exception) -> str:
    file = Path(folder) / "config.json"
    if not file.is_file():
        return f"{folder}: no config.json, so not a model in Hugging Face layout. Check model.path."
    if "auto_map" in file.read_text(encoding="utf-8"):
        return f"{file}: the model needs remote code (auto_map), which is never executed. Choose another model."
    return f"{file}: transformers does not support this model: {in_one_line(error)}"


def _no_tokenizer(folder: Path, error: Exception) -> str:
    """Say why a tokenizer cannot be loaded: a format that needs another package, a newer version, or another fault."""
    file = folder / "tokenizer.json"
    vocabulary = [*sorted(folder.glob("*.model")), *sorted(folder.glob("*.tiktoken"))]
    # a SentencePiece file starts with the tag of its first field, one of tiktoken is text
    package = "sentencepiece" if vocabulary and vocabulary[0].read_bytes()[:1] == b"\n" else "tiktoken"
    if vocabulary and not file.is_file() and find_spec(package) is None:
        return (
            f"{vocabulary[0]}: the tokenizer is in the format of {package}, and there is no tokenizer.json. Install "
            f"that (`pip install {package} protobuf`) in the environment of the model rules, or write "
            "tokenizer.json where it is installed (AutoTokenizer.from_pretrained, then save_pretrained)."
        )
    if type(error) is Exception:
        return (
            f"{file}: tokenizers {version('tokenizers')} cannot read it: {in_one_line(error)}. A newer version has "
            "written it, or it is damaged. Get it again, or save the tokenizer with this version (save_pretrained)."
        )
    return f"{folder}: transformers cannot load the tokenizer without remote code: {in_one_line(error)}"


def _not_causal(folder: str | Path, config: PreTrainedConfig) -> str:
    name = (config.architectures or [type(config).__name__])[0]
    return f"{folder}: {name} is not a causal language model. Choose one that is, for example Qwen2 or Llama."
