"""Write a fine-tuned model for other programs: merged into the base weights, or as an adapter, with its tokenizer."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import GenerationConfig, PreTrainedTokenizerBase

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.adapters import state_base_model
from gradual_learning.models.files import INDEX, config_files
from gradual_learning.models.loading import (
    ADAPTER_CONFIG,
    Loading,
    is_adapter,
    load_model,
    load_tokenizer,
    read_config,
    stored_dtype,
)

ADAPTER_WEIGHTS = "adapter_model.safetensors"
OF_WEIGHTS = {"config.json", INDEX, "generation_config.json"}  # not copied: written for the exported weights


def best_seed(accuracies: Mapping[int, float]) -> int:
    """Return the seed with the highest validation accuracy, the lowest of several such seeds."""
    return max(sorted(accuracies), key=lambda seed: accuracies[seed])


def write_merged(base: str, checkpoint: str, folder: Path) -> None:
    """Write a whole model in the dtype in which the base model is stored.

    Each merged weight is rounded once: PEFT adds the float32 update of an adapter to weights of 16 bits.

    Args:
        base: the base model in Hugging Face layout.
        checkpoint: an adapter, or a whole fine-tuned model.
        folder: an existing folder that receives the files.
    """
    model = load_model(base, checkpoint, Loading(stored_dtype(read_config(base))))
    tokenizer = load_tokenizer(base)
    model.generation_config = generation_config(model.generation_config, tokenizer)
    model.config.use_cache = True  # switched off while the model was trained
    model.save_pretrained(folder)
    copy_tokenizer(base, folder)
    for path in folder.glob("*.safetensors"):  # readable by their owner alone
        shutil.copymode(folder / "config.json", path)


def write_adapter(base: str, checkpoint: str, folder: Path, origin: Mapping[str, Any]) -> None:
    """Write the LoRA adapter of a checkpoint with the tokenizer of its base model.

    Args:
        base: the base model in Hugging Face layout.
        checkpoint: the adapter.
        folder: an existing folder that receives the files.
        origin: name and commit of the base model on the hub; empty where it is not there.

    Raises:
        UserError: the checkpoint is a whole model.
    """
    if not is_adapter(checkpoint):
        raise UserError(f"export.format: {checkpoint} is a whole model without an adapter; use merged.")
    for name in (ADAPTER_WEIGHTS, ADAPTER_CONFIG):
        shutil.copyfile(Path(checkpoint) / name, folder / name)
    state_base_model(folder, origin.get("name"), origin.get("commit"))
    own = GenerationConfig.from_model_config(read_config(base))
    if (Path(base) / "generation_config.json").is_file():
        own = GenerationConfig.from_pretrained(base, local_files_only=True)
    generation_config(own, load_tokenizer(base)).save_pretrained(folder)
    copy_tokenizer(base, folder)


def generation_config(own: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Return the settings of ``generate`` with which the model answers as it was evaluated: greedily.

    Nothing but the special tokens is taken from the base model, whose sampling and penalties would change answers. An
    answer ends with the end token of the tokenizer, as in training, or with one of the base model.
    """
    ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    every = list(dict.fromkeys([tokenizer.eos_token_id, *(end for end in ends if end is not None)]))
    padding = tokenizer.pad_token_id if own.pad_token_id is None else own.pad_token_id
    return GenerationConfig(
        do_sample=False,
        bos_token_id=own.bos_token_id,
        eos_token_id=every[0] if len(every) == 1 else every,
        pad_token_id=tokenizer.eos_token_id if padding is None else padding,
    )


def copy_tokenizer(base: str, folder: Path) -> None:
    """Copy the files of the tokenizer as they are."""
    names = [path.name for path in Path(base).iterdir() if path.is_file()]
    for name in config_files(names, base):
        if name not in OF_WEIGHTS:
            shutil.copyfile(Path(base) / name, folder / name)
