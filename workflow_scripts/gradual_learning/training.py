"""Fine-tune one stage: the parent's weights, the stage's questions, the best epoch by validation accuracy.

The loss is taken on the answer and its end token alone. Every epoch the model answers the validation questions; the
first epoch with the highest accuracy is the checkpoint, the last one is kept beside it. A run that was cut off goes
on from its last epoch and ends with the weights of one that was not.
"""

import logging
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from transformers.trainer import TRAINER_STATE_NAME

from gradual_learning import epochs, models, parallel, scratch, targets
from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError

if TYPE_CHECKING:
    from peft import LoraConfig

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
        logging.info("epoch %.0f, step %d: %s", self.state.epoch or 0, self.state.global_step, shown)
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


class _FirstPass(TrainerCallback):
    """Send one token through a model that is spread: buffers made while it answers could never be trained through."""

    @torch.no_grad()
    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        kwargs["model"](input_ids=torch.zeros((1, 1), dtype=torch.long, device=args.device))


def finetune(
    model: PreTrainedModel,
    encoder: Encoder,
    rows: list[dict],
    measure: Callable[[], dict[str, float]],
    settings: Finetuning,
    folders: dict[str, str | Path],
) -> epochs.Outcome:
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
    with tempfile.TemporaryDirectory(dir=folders["node_disk"]) as disk:
        if not rows or settings.steps == 0:
            model.eval().save_pretrained(disk)
            _publish(disk, disk, folders)
            return epochs.Outcome([{"epoch": 0, "step": 0, "train_loss": None, **measure()}], 0, 0)
        history = _train(model, encoder, rows, measure, settings, Path(folders["work"]), disk)
    outcome = epochs.outcome(history)
    if parallel.rank() == 0:  # the others would look for what it has moved by then
        kept = scratch.checkpoints(Path(folders["work"]))
        _publish(kept[outcome.best["step"]], kept[outcome.steps], folders)
    best, last = outcome.best, len(outcome.epochs) - 1
    logging.info("best epoch %d of %d, accuracy %.3f", best["epoch"], last, best["validation_accuracy"])
    return outcome


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
    begun, history = parallel.agreed(_begun(work))
    if settings.steps is None and epochs.stalls(history, settings.patience):
        return history
    data = targets.encode_all(rows, settings.prompt, encoder)
    callbacks = [scratch.KeepCheckpoints(work, epochs.best_step)]
    callbacks += [epochs.Patience(settings.patience)] if settings.steps is None else []
    callbacks += [_FirstPass()] if parallel.is_sharded() else []
    trainer = _AnswerTrainer(
        model=model,
        args=_arguments(settings, disk, begun is None),
        train_dataset=data,
        eval_dataset=data[:1],  # the Trainer wants one; ``measure`` is what evaluates
        data_collator=lambda items: targets.collate(items, encoder.end),
        callbacks=callbacks,
        measure=measure,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=begun)
    return trainer.state.log_history


def _begun(work: Path) -> tuple[str | None, list[dict]]:
    """Return the checkpoint that a run which was cut off has left, if any, and the log up to it."""
    left = scratch.last_checkpoint(work)
    return left, TrainerState.load_from_json(str(Path(left) / TRAINER_STATE_NAME)).log_history if left else []


def _arguments(settings: Finetuning, folder: str | Path, is_fresh: bool) -> TrainingArguments:
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
        eval_on_start=is_fresh,  # the log of one that goes on holds its start
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


def _publish(best: str | Path, last: str | Path, folders: dict[str, str | Path]) -> None:
    if parallel.rank():
        return
    scratch.publish(best, WEIGHTS, folders["best"])
    scratch.publish(last, WEIGHTS, folders["convergence"])
