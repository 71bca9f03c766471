"""The model that a stage trains: its parent's adapter, a new adapter, or all weights."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from transformers import PreTrainedModel, set_seed

from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.processes import is_sharded
from gradual_learning.models.loading import Loading, is_adapter, load_model
from gradual_learning.training.settings import FinetuningSettings, LoraSettings

if TYPE_CHECKING:
    from peft import LoraConfig

FUSED_LAYERS = r".*\.(mixer|mamba)\.out_proj"  # kernels of state-space layers read these weights and skip the adapter


def load_trainable_model(folder: str, parent: str | None, settings: FinetuningSettings) -> PreTrainedModel:
    """Load the model from which a stage starts, with the weights to train in float32.

    Args:
        folder: the base model.
        parent: the checkpoint of the previous stage, whose training continues, or None for the base model.
        settings: of the stage. With LoRA, the base model stays as ``settings.loading`` states.

    Raises:
        UserError: 4-bit weights cannot be trained with this method or on this machine, or an adapter would follow a
            stage that trained all weights.
    """
    _check_quantization(settings)
    set_seed(settings.seed)
    if settings.method == "full":
        return load_model(folder, parent, Loading("float32"))
    from peft import PeftModel, get_peft_model

    if parent is not None and not is_adapter(parent):
        raise UserError("training.method: lora cannot follow a stage that trained all weights; use full for both.")
    base = load_model(folder, loading=settings.loading)
    if parent is not None:
        model = PeftModel.from_pretrained(base, parent, is_trainable=True)
        model.active_peft_config.base_model_name_or_path = folder  # PEFT looks for the name in the parent on the hub
        return model
    return get_peft_model(base, adapter_config(settings.lora, base))


@contextmanager
def merged_adapter(model: PreTrainedModel) -> Iterator[None]:
    """Merge the adapter of a model into float32 weights, where that only saves time, and restore these weights.

    In 16 or 4 bits merging would round the adapter. Weights that are sharded, or trained themselves, stay as they are.
    """
    from peft.tuners.lora import LoraLayer

    layers = [layer.get_base_layer() for layer in model.modules() if isinstance(layer, LoraLayer)]
    weights = [layer.weight.data for layer in layers]
    if is_sharded() or not layers or any(weight.dtype != torch.float32 for weight in weights):
        yield
        return
    model.merge_adapter(safe_merge=True)
    try:
        yield
    finally:
        model.unmerge_adapter()
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight.data = weight  # without the rounding errors of unmerging


def _check_quantization(settings: FinetuningSettings) -> None:
    if settings.loading.quantization == "none":
        return
    if settings.method == "full":
        raise UserError("training.method: full cannot train 4-bit weights; use lora, or model.quantization none.")
    if not torch.cuda.is_available():  # on a CPU, bitsandbytes repacks weights at the first answer and loses gradients
        raise UserError("model.quantization: training 4-bit weights needs a GPU, and there is none; use none.")


def adapter_config(lora: LoraSettings, model: PreTrainedModel) -> "LoraConfig":
    """Return the PEFT configuration of adapters on all linear layers of a causal language model."""
    from peft import LoraConfig

    has_fused_layers = any(re.fullmatch(FUSED_LAYERS, name) for name, _ in model.named_modules())
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha,
        lora_dropout=lora.lora_dropout,
        target_modules="all-linear",
        exclude_modules=FUSED_LAYERS if has_fused_layers else None,
        task_type="CAUSAL_LM",
    )
