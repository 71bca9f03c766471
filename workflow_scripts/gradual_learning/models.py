"""Loading a base model with the checkpoint of a stage on top: a LoRA adapter or a whole fine-tuned model."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from gradual_learning.records import UserError

ADAPTER = "adapter_config.json"


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder.

    Raises:
        UserError: the tokenizer has no end token, so that no answer could be taught to end.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.eos_token_id is None:
        raise UserError(f"{folder}: the tokenizer has no end token; set eos_token in its tokenizer_config.json.")
    return tokenizer


def load_model(folder: str | Path, checkpoint: str | Path | None = None) -> PreTrainedModel:
    """Load a model for inference, in fp32, onto the GPU if there is one.

    Args:
        folder: the base model in Hugging Face layout.
        checkpoint: a stage's checkpoint; an adapter is merged into the base model, a whole model takes its place.
    """
    if checkpoint is None:
        return _load(folder)
    if not is_adapter(checkpoint):
        return _load(checkpoint)
    from peft import PeftModel

    return PeftModel.from_pretrained(_load(folder), str(checkpoint)).merge_and_unload().eval()


def is_adapter(checkpoint: str | Path) -> bool:
    """Tell whether a checkpoint is a LoRA adapter rather than a whole model."""
    return (Path(checkpoint) / ADAPTER).is_file()


def _load(folder: str | Path) -> PreTrainedModel:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
