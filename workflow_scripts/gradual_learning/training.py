"""Fine-tune one stage: the parent's weights, the stage's questions, the best epoch by validation accuracy.

The loss is taken on the answer and its end token alone. Every epoch the model answers the validation questions; the
first epoch with the highest accuracy is the checkpoint, the last one is kept beside it. A run that was cut off goes
on from its last epoch and ends with the weights of one that was not.
"""

import logging
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from gradual_learning import models, parallel, prompts, scratch
from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError

if TYPE_CHECKING:
    from peft import LoraConfig

IGNORED = -100
ALONE = parallel.Processes(1, 1, sharded=False)
WEIGHTS = ["adapter_model.safetensors", "adapter_config.json", "model*.safetensors", "model*.json", "*config.json"]
FUSED = r".*\.(mixer|mamba)\.out_proj"  # the kernels of state-space layers read these weights past any adapter


@dataclass(frozen=True)
class Lora:
    """Shape of the adapters that are laid over all linear layers (Hu et al. 2021)."""

    rank: int
    alpha: float
    dropout: float


@dataclass(frozen=True)
class Finetuning:
    """The settings of one stage."""

    seed: int
    method: str  # lora or full
    prompt: str
    learning_rate: float
    schedule: str
    warmup_ratio: float
    batch_size: int  # of one step, over all processes
    max_epochs: int
    patience: int
    weight_decay: float
    lora: Lora
    loading: models.Loading  # of the base model, its dtype resolved
    steps: int | None = None  # where given: exactly so many optimiser steps, without early stopping
    accumulation: int = 1  # parts in which a process goes through its share of a batch
    processes: parallel.Processes = ALONE  # of which each takes its share of a batch


SETTINGS = [field.name for field in fields(Finetuning) if field.name not in ("lora", "loading", "steps", "processes")]


@dataclass(frozen=True)
class Outcome:
    """What a stage came to; ``epochs`` holds one entry an evaluated epoch, the first before training."""

    epochs: list[dict[str, Any]]
    best_epoch: int
    steps: int

    def summary(self) -> dict[str, Any]:
        """Return the figures that other stages and tables ask for."""
        return {
            "steps": self.steps,
            "epochs": len(self.epochs) - 1,
            "best_epoch": self.best_epoch,
            "best_validation_accuracy": self.epochs[self.best_epoch]["validation_accuracy"],
            "passed_through": self.steps == 0,
        }


def encode(question: str, answer: str, template: str, encoder: Encoder) -> dict[str, list[int]]:
    """Tokenise a question with its answer, and mark what to learn.

    Returns:
        ``input_ids`` and ``labels`` of equal length; labels are :data:`IGNORED` on the prompt, and the token itself on
        the answer and the end token behind it.
    """
    text = prompts.zero_shot(question, template)
    [prompt], [target] = encoder.prompts([text]), encoder.answers(text, [answer])
    target = [*target, encoder.end]
    return {"input_ids": prompt + target, "labels": [IGNORED] * len(prompt) + target}


def encode_all(rows: list[dict], template: str, encoder: Encoder) -> list[dict[str, list[int]]]:
    """Tokenise the questions of a stage, each with its first accepted answer.

    Raises:
        UserError: an answer has no token of its own, so that nothing would be learned from it.
    """
    encoded = [encode(row["question"], row["answers"][0], template, encoder) for row in rows]
    for row, item in zip(rows, encoded, strict=True):
        if set(item["labels"]) <= {IGNORED, *encoder.tokenizer.all_special_ids}:
            raise UserError(f"question {row['id']}: the answer {row['answers'][0]!r} has no token to learn; remove it.")
    return encoded


def train_accuracies(right: pd.Series, at_base: Mapping[str, str]) -> dict[str, float]:
    """Give the share of the training questions that are answered, in full and by their category at base.

    Args:
        right: whether each question is answered, by id.
        at_base: the category of each question under the base model, by id.

    Returns:
        ``train_accuracy`` and ``train_accuracy_<category>`` for each category that has a question.
    """
    shares = right.groupby(right.index.map(at_base)).mean() if len(right) else {}
    parts = {f"train_accuracy_{category}": float(share) for category, share in shares.items()}
    return {"train_accuracy": float(right.mean()), **parts} if parts else {}


def collate(items: list[dict[str, list[int]]], pad: int) -> dict[str, torch.Tensor]:
    """Pad a batch on the right; what is padding is told by length, as the padding token may well be the end token."""
    longest = max(len(item["input_ids"]) for item in items)

    def padded(key: str, value: int) -> torch.Tensor:
        return torch.tensor([item[key] + [value] * (longest - len(item[key])) for item in items])

    lengths = torch.tensor([len(item["input_ids"]) for item in items])
    mask = (torch.arange(longest) < lengths[:, None]).long()
    return {"input_ids": padded("input_ids", pad), "labels": padded("labels", IGNORED), "attention_mask": mask}


def trainable_model(folder: str, parent: str | None, settings: Finetuning) -> PreTrainedModel:
    """Load what a stage starts from: the parent's adapter continued, or a new one, or all weights.

    Adapters are trained in float32 over weights of any kind; of all weights a float32 copy is trained.

    Raises:
        UserError: weights held as ``settings.loading`` says cannot be trained this way, or an adapter would have to
            follow a stage that trained all weights.
    """
    _check_trainable(settings)
    set_seed(settings.seed)
    if settings.method == "full":
        return models.load_model(folder, parent, models.Loading("float32"))
    from peft import PeftModel, get_peft_model

    if parent is not None and not models.is_adapter(parent):
        raise UserError("training.method: lora cannot follow a stage that trained all weights; use full for both.")
    base = models.load_model(folder, loading=settings.loading)
    if parent is not None:
        return PeftModel.from_pretrained(base, parent, is_trainable=True)
    return get_peft_model(base, adapter_config(settings.lora, base))


def _check_trainable(settings: Finetuning) -> None:
    if settings.loading.quantization == "none":
        return
    if settings.method == "full":
        raise UserError("training.method: full cannot train 4-bit weights; use lora, or model.quantization none.")
    if not torch.cuda.is_available():  # bitsandbytes repacks weights at the first answer there, and gradients are lost
        raise UserError("model.quantization: 4-bit weights can be trained on a GPU only, and there is none; set none.")


def adapter_config(lora: Lora, model: PreTrainedModel) -> "LoraConfig":
    """Describe adapters over all linear layers of a causal language model, as peft wants them described."""
    from peft import LoraConfig

    fused = any(re.fullmatch(FUSED, name) for name, _ in model.named_modules())
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        exclude_modules=FUSED if fused else None,
        task_type="CAUSAL_LM",
    )


class _AnswerTrainer(Trainer):
    """A Trainer whose evaluation is a function of the model, and which stops at a loss that is no number."""

    def __init__(self, *args, measure: Callable[[], dict[str, float]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.measure = measure

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        """Measure the model, and tell the log and the callbacks."""
        self.model.eval()
        measured = self.measure()
        shown = ", ".join(f"{name} {value:.3f}" for name, value in measured.items())
        logging.info("epoch %.0f, step %d: %s", self.state.epoch, self.state.global_step, shown)
        metrics = {f"eval_{name}": value for name, value in measured.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def training_step(self, *args, **kwargs) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            raise UserError(
                f"training.learning_rate: the loss is {loss.item()} at step {self.state.global_step}; lower it."
            )
        return loss


class _Patience(TrainerCallback):
    """Stop when the best epoch lies ``patience`` epochs back, judged by the log alone so that a resumed run agrees."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        epochs = _epochs(state.log_history)
        if len(epochs) - _best(epochs)["epoch"] >= self.patience:
            control.should_training_stop = True


def _best(epochs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first epoch with the highest accuracy."""
    return max(epochs, key=lambda entry: entry["validation_accuracy"])


def _best_step(history: list[dict]) -> int:
    return _best(_epochs(history))["step"]


def finetune(
    model: PreTrainedModel,
    encoder: Encoder,
    rows: list[dict],
    measure: Callable[[], dict[str, float]],
    settings: Finetuning,
    folders: dict[str, str | Path],
) -> Outcome:
    """Train a stage and write its best and its last checkpoint.

    Args:
        model: what :func:`trainable_model` returned.
        encoder: over its tokenizer.
        rows: the questions, with ``question``, ``answers`` and ``id``. Without any, or where the number of steps is 0,
            the parent is passed through unchanged.
        measure: gives ``validation_accuracy`` and other figures of the model as it is at the moment.
        settings: of the stage.
        folders: where to write: ``best`` and ``convergence``; ``work``, a folder of :func:`scratch.open_scratch` for
            what a resumed run needs; ``node_disk``, where a checkpoint is written before it is moved there whole.

    Raises:
        UserError: the loss is not finite, or an answer gives nothing to learn from.
    """
    model.eval()
    start = {"epoch": 0, "step": 0, "train_loss": None, **measure()}
    with tempfile.TemporaryDirectory(dir=folders["node_disk"]) as disk:
        if not rows or settings.steps == 0:
            model.save_pretrained(disk)
            _publish(disk, disk, folders)
            return Outcome([start], 0, 0)
        history = _train(model, encoder, rows, measure, settings, Path(folders["work"]), disk)
    epochs = [start, *_epochs(history)]
    best, last = _best(epochs[1:]), epochs[-1]
    if parallel.rank() == 0:  # the others would look for what it has moved by then
        kept = scratch.checkpoints(Path(folders["work"]))
        _publish(kept[best["step"]], kept[last["step"]], folders)
    logging.info("best epoch %d of %d, accuracy %.3f", best["epoch"], len(epochs) - 1, best["validation_accuracy"])
    return Outcome(epochs, best["epoch"], last["step"])


def _train(
    model: PreTrainedModel,
    encoder: Encoder,
    rows: list[dict],
    measure: Callable[[], dict[str, float]],
    settings: Finetuning,
    work: Path,
    disk: str,
) -> list[dict]:
    """Train, leave the checkpoints of the best and of the last epoch in the working folder, and return the log."""
    data = encode_all(rows, settings.prompt, encoder)
    patience = [] if settings.steps is not None else [_Patience(settings.patience)]
    trainer = _AnswerTrainer(
        model=model,
        args=_arguments(settings, disk),
        train_dataset=data,
        eval_dataset=data[:1],  # the Trainer wants one; ``measure`` is what evaluates
        data_collator=lambda items: collate(items, encoder.end),
        callbacks=[scratch.KeepCheckpoints(work, _best_step), *patience],
        measure=measure,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=scratch.last_checkpoint(work))
    return trainer.state.log_history


def _arguments(settings: Finetuning, folder: str | Path) -> TrainingArguments:
    length = {"num_train_epochs": settings.max_epochs} if settings.steps is None else {"max_steps": settings.steps}
    schedule = {"constant": "constant_with_warmup"}.get(settings.schedule, settings.schedule)
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=not torch.cuda.is_available(),
        seed=settings.seed,
        ddp_backend="gloo" if parallel.is_worker() and not torch.cuda.is_available() else None,
        ddp_find_unused_parameters=False,
        per_device_train_batch_size=settings.batch_size // (settings.processes.count * settings.accumulation),
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        logging_nan_inf_filter=False,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
        **_mixed_precision(settings.loading),
        **length,
    )


def _mixed_precision(loading: models.Loading) -> dict[str, bool]:
    """Compute in the 16 bits that the base model is held in on a GPU; what is trained stays float32."""
    half = {"bfloat16": "bf16", "float16": "fp16"}.get(loading.dtype)
    return {half: True} if half and torch.cuda.is_available() else {}


def _epochs(history: list[dict]) -> list[dict[str, Any]]:
    losses = {entry["step"]: entry["loss"] for entry in history if "loss" in entry}
    measured = [entry for entry in history if "eval_validation_accuracy" in entry]
    return [
        {
            "epoch": place,
            "step": entry["step"],
            "train_loss": losses.get(entry["step"]),
            **{name[5:]: value for name, value in entry.items() if name.startswith("eval_")},
        }
        for place, entry in enumerate(measured, 1)
    ]


def _publish(best: str | Path, last: str | Path, folders: dict[str, str | Path]) -> None:
    if parallel.rank():
        return
    scratch.publish(best, WEIGHTS, folders["best"])
    scratch.publish(last, WEIGHTS, folders["convergence"])
