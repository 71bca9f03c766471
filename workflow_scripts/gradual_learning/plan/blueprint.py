"""The base model before it is there: its shape, its tokenizer, its size, and how far it has to be made first."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from peft import get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from gradual_learning import models, pretraining, records, training, world
from gradual_learning.plan.workload import Sizes


@dataclass(frozen=True)
class Blueprint:
    """What is known of a base model without its weights."""

    name: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    loading: models.Loading  # how its weights are held, the dtype resolved
    parameters: int
    held_bytes: float  # of its weights in memory
    stored_bytes: int  # of its weights on the disk
    fetched_bytes: int  # of them, what is copied here
    sequences: torch.Tensor  # [sequences, tokens] to pretrain it on; empty where it comes from elsewhere
    statements: list[str]  # of facts, unfinished, that it is asked to complete

    @property
    def dtype(self) -> torch.dtype:
        """The dtype in which its weights are held, and computed with where they are quantised."""
        return getattr(torch, self.loading.dtype)


def from_outline(folder: str | Path, description: str | Path, loading: models.Loading) -> Blueprint:
    """Describe a model of the hub or of a local folder by its outline.

    Args:
        folder: its configuration and tokenizer.
        description: what `fetch_base_model` writes about it.
        loading: how its weights are to be held.
    """
    told = records.read_json_lines(description, whole=True)[0]
    is_hub, size = told["source"] == "hub", told["weight_bytes"]
    config, loading = models.read_config(folder), models.resolve(folder, loading)
    parameters = without_weights(config).num_parameters()
    return Blueprint(
        name=f"{told['name']} at {told['commit'][:12]}" if is_hub else told["path"],
        config=config,
        tokenizer=models.load_tokenizer(folder),
        loading=loading,
        parameters=parameters,
        held_bytes=parameters * _width(loading),
        stored_bytes=size,
        fetched_bytes=size if is_hub else 0,  # a local folder is linked to
        sequences=torch.empty(0, 0),
        statements=[],
    )


def from_documents(
    documents: pd.DataFrame, facts: pd.DataFrame, settings: pretraining.Pretraining, loading: models.Loading
) -> Blueprint:
    """Describe the model that is to be pretrained on the documents of the world, and is stored in fp32."""
    texts = documents["text"].tolist()
    tokenizer = pretraining.build_tokenizer(texts, settings.tokenizer, settings.vocabulary)
    model = pretraining.build_model(tokenizer, settings)
    if loading.dtype == "auto":
        loading = replace(loading, dtype="float32")
    size = model.num_parameters() * model.dtype.itemsize
    return Blueprint(
        name="pretrained here",
        config=model.config,
        tokenizer=tokenizer,
        loading=loading,
        parameters=model.num_parameters(),
        held_bytes=model.num_parameters() * _width(loading),
        stored_bytes=size,
        fetched_bytes=size,
        sequences=pretraining.pack(texts, tokenizer, settings.sequence_length),
        statements=[world.unfinished(fact) for fact in facts.itertuples()],
    )


def _width(loading: models.Loading) -> float:
    """Return the bytes of a weight."""
    return models.WIDTH[loading.dtype if loading.quantization == "none" else loading.quantization]


def count_trainable(model: Blueprint, method: str, lora: training.Lora) -> int:
    """Count the weights that a method of training changes."""
    if method == "full":
        return model.parameters
    bare = without_weights(model.config)
    adapted = get_peft_model(bare, training.adapter_config(lora, bare))
    return adapted.get_nb_trainable_parameters()[0]


def sizes(model: Blueprint, trainable: dict[str, int], batch_size: int) -> Sizes:
    """Put what is known of a model in the terms of the plan; ``batch_size`` is that of pretraining."""
    return Sizes(
        parameters=model.parameters,
        trainable=trainable,
        fetched_bytes=model.fetched_bytes,
        facts=len(model.statements),
        pretraining_tokens=model.sequences.numel(),
        pretraining_steps=-(-len(model.sequences) // batch_size),
    )


def without_weights(config: PreTrainedConfig) -> PreTrainedModel:
    """Return a model that has shapes but no numbers."""
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)
