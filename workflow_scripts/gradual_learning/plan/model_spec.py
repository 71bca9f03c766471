"""The base model before its weights exist here: its shape, its tokenizer, its size, and its pretraining data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from peft import get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from gradual_learning.data import simulation
from gradual_learning.models import pretraining
from gradual_learning.models.loading import BYTES_PER_WEIGHT, Loading, load_tokenizer, read_config, resolve_dtype
from gradual_learning.tables.files import read_json_lines
from gradual_learning.training.settings import LoraSettings
from gradual_learning.training.trainable_model import adapter_config


@dataclass(frozen=True, eq=False)
class ModelSpec:
    """What is known of a base model without its weights."""

    name: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    loading: Loading  # with a resolved dtype
    parameters: int
    stored_bytes: int  # size of the weights on disk
    is_linked: bool  # whether the weights stay in a folder elsewhere, so that they need no space here
    sequences: torch.Tensor  # pretraining data, int64 [sequences, tokens]; empty for a model from elsewhere
    statements: list[str]  # incomplete statements of facts, which the model completes after pretraining

    @property
    def is_pretrained(self) -> bool:
        """Whether the workflow pretrains the model."""
        return len(self.sequences) > 0

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights, or of the computation where they are quantized."""
        return getattr(torch, self.loading.dtype)

    @property
    def loaded_bytes(self) -> float:
        """Size of the weights in memory."""
        kind = self.loading.dtype if self.loading.quantization == "none" else self.loading.quantization
        return self.parameters * BYTES_PER_WEIGHT[kind]


def from_model_config(folder: str | Path, source: str | Path, loading: Loading) -> ModelSpec:
    """Describe a model that is fetched.

    Args:
        folder: its configuration and tokenizer.
        source: the description of the model that ``fetch_base_model`` writes.
        loading: how its weights will be loaded.
    """
    model = read_json_lines(source, whole=True)[0]
    config = read_config(folder)
    return ModelSpec(
        name=_title(model),
        config=config,
        tokenizer=load_tokenizer(folder),
        loading=resolve_dtype(folder, loading),
        parameters=without_weights(config).num_parameters(),
        stored_bytes=model["weight_bytes"],
        is_linked=model["source"] == "local" and "gguf" not in model,
        sequences=torch.empty(0, 0),
        statements=[],
    )


def _title(model: Mapping[str, Any]) -> str:
    """Name a model by its origin."""
    if model["source"] == "local":
        return model["path"]
    if model["source"] == "package":
        return f"{model['name']} {model['revision']}"
    return f"{model['name']} at {model['commit'][:12]}"


def from_documents(
    documents: pd.DataFrame, facts: pd.DataFrame, settings: pretraining.Pretraining, loading: Loading
) -> ModelSpec:
    """Describe the model that will be pretrained on the documents of the world and stored in fp32."""
    texts = documents["text"].tolist()
    tokenizer = pretraining.build_tokenizer(texts, settings.tokenizer, settings.vocab_size)
    model = pretraining.build_model(tokenizer, settings)
    return ModelSpec(
        name="pretrained here",
        config=model.config,
        tokenizer=tokenizer,
        loading=replace(loading, dtype="float32") if loading.dtype == "auto" else loading,
        parameters=model.num_parameters(),
        stored_bytes=model.num_parameters() * model.dtype.itemsize,
        is_linked=False,
        sequences=pretraining.pack(texts, tokenizer, settings.sequence_length),
        statements=[simulation.incomplete_statement(fact) for fact in facts.itertuples()],
    )


def count_trainable(spec: ModelSpec, method: str, lora: LoraSettings) -> int:
    """Count the weights that a training method (``lora`` or ``full``) changes."""
    if method == "full":
        return spec.parameters
    model = without_weights(spec.config)
    return get_peft_model(model, adapter_config(lora, model)).get_nb_trainable_parameters()[0]


def without_weights(config: PreTrainedConfig) -> PreTrainedModel:
    """Return a model whose weights have shapes but no values."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)
