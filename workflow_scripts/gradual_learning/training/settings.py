"""Settings of the training of one stage, under the names that Trainer and PEFT give them."""

from dataclasses import dataclass, fields
from typing import Any

from gradual_learning.models.loading import Loading
from gradual_learning.training.distributed import SINGLE_PROCESS, ProcessLayout


@dataclass(frozen=True)
class LoraSettings:
    """Shape of the LoRA adapters on all linear layers (Hu et al. 2021)."""

    r: int
    lora_alpha: float
    lora_dropout: float


@dataclass(frozen=True)
class FinetuningSettings:
    """How one stage is trained."""

    seed: int
    method: str  # lora or full
    prompt: str  # zero-shot template of the questions
    learning_rate: float
    lr_scheduler_type: str
    warmup_ratio: float
    batch_size: int  # questions per optimizer step, over all processes
    num_train_epochs: int
    early_stopping_patience: int
    weight_decay: float
    lora: LoraSettings
    loading: Loading  # of the base model, with a resolved dtype
    max_steps: int | None = None  # if set: exactly this many optimizer steps, without early stopping
    gradient_accumulation_steps: int = 1  # parts into which a process divides its share of a batch
    processes: ProcessLayout = SINGLE_PROCESS  # each processes its share of a batch

    @classmethod
    def from_params(cls, params: dict[str, Any], loading: Loading, matched_steps: int | None) -> "FinetuningSettings":
        """Read the params of the rule.

        Args:
            params: with the names of the settings; those of LoRA and of the processes stand next to the others.
            loading: how to load the base model, with a resolved dtype.
            matched_steps: number of optimizer steps of the stage whose steps are matched, or None.
        """
        combined: dict[str, Any] = {
            "lora": LoraSettings(**{name: params[name] for name in ("r", "lora_alpha", "lora_dropout")}),
            "processes": ProcessLayout(params["processes"], params["nodes"], params["fsdp"]),
            "max_steps": params["max_steps"] if matched_steps is None else matched_steps,
        }
        names = [field.name for field in fields(cls) if field.name not in (*combined, "loading")]
        return cls(loading=loading, **combined, **{name: params[name] for name in names})
