"""Fine-tune one stage on its questions and select the best epoch by validation accuracy.

The loss covers the answer and its end token only. After every epoch the model answers the validation questions; the
first epoch with the highest accuracy becomes the checkpoint, and the last epoch is kept next to it. A run that was
interrupted resumes from its last epoch and ends with the same weights as an uninterrupted one.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME

from gradual_learning.jobs.atomic_files import copy_files
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.processes import is_sharded, is_worker, rank
from gradual_learning.jobs.trainer_checkpoints import INCOMPLETE, SaveCheckpoints, checkpoints, last_checkpoint
from gradual_learning.models.loading import Loading
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training import distributed, early_stopping, examples
from gradual_learning.training.settings import FinetuningSettings

WEIGHTS = ["adapter_model.safetensors", "adapter_config.json", "model*.safetensors", "model*.json", "*config.json"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageFolders:
    """Folders of a stage: the checkpoints of its best and its last epoch, and the work folder of its job."""

    best: Path
    last: Path
    work: Path


class _StageTrainer(Trainer):
    """A Trainer that evaluates the model with a function, weights questions, and stops when the loss is not finite."""

    control: TrainerControl

    def __init__(self, *args: Any, measure: Callable[[], dict[str, float]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measure = measure

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measure the model, log the metrics, and notify the callbacks."""
        self.model.eval()
        measured = self.measure()
        shown = ", ".join(f"{name} {value:.3f}" for name, value in measured.items())
        _log.info("epoch %.0f, step %d: %s", self.state.epoch or 0, self.state.global_step, shown)
        metrics = {f"eval_{name}": value for name, value in measured.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def compute_loss(self, model: torch.nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        weights = inputs.pop("weights", None)
        self.compute_loss_func = weights if weights is None else partial(_weighted_loss, weights)
        return super().compute_loss(model, inputs, *args, **kwargs)

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            raise UserError(
                f"training.learning_rate: the loss is {loss.item()} at step {self.state.global_step}; lower it."
            )
        return loss


def _weighted_loss(
    weights: torch.Tensor, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int
) -> torch.Tensor:
    return examples.weighted_loss(outputs["logits"], labels, weights, num_items_in_batch)


class _ForwardBeforeEvaluation(TrainerCallback):
    """Run one token through a sharded model: buffers created in inference mode would not allow training later."""

    @torch.no_grad()
    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        kwargs["model"](input_ids=torch.zeros((1, 1), dtype=torch.long, device=args.device))


def finetune(
    model: PreTrainedModel,
    encoder: Encoder,
    rows: list[dict[str, Any]],
    measure: Callable[[], dict[str, float]],
    settings: FinetuningSettings,
    folders: StageFolders,
) -> early_stopping.TrainingResult:
    """Train a stage and write the checkpoints of its best and its last epoch.

    Args:
        model: from :func:`gradual_learning.training.trainable_model.load_trainable_model`.
        encoder: over its tokenizer.
        rows: the questions, with ``question``, ``answers`` and ``id``. Without questions, or with ``max_steps`` 0, the
            parent is passed through unchanged.
        measure: returns ``validation_accuracy`` and other metrics of the model in its current state.
        settings: of the stage.
        folders: of the stage; the work folder exists, and keeps what a resumed run needs.

    Returns:
        The metrics of all epochs.

    Raises:
        UserError: the loss is not finite, or an answer has no token to learn.
    """
    if not rows or settings.max_steps == 0:
        return _pass_through(model, measure, folders)
    history = _train(model, encoder, rows, measure, settings, folders.work)
    result = early_stopping.result_of(history)
    if rank() == 0:
        saved = checkpoints(folders.work)
        copy_files(saved[result.best["step"]], WEIGHTS, folders.best)
        copy_files(saved[result.steps], WEIGHTS, folders.last)
    accuracy, epochs = result.best[early_stopping.METRIC], len(result.epochs) - 1
    _log.info("best epoch %d of %d, accuracy %.3f", result.best_epoch, epochs, accuracy)
    return result


def _pass_through(
    model: PreTrainedModel, measure: Callable[[], dict[str, float]], folders: StageFolders
) -> early_stopping.TrainingResult:
    """Write the model as it is, as the best and as the last epoch."""
    if rank() == 0:
        unchanged = folders.work / "unchanged"
        model.eval().save_pretrained(unchanged)
        copy_files(unchanged, WEIGHTS, folders.best)
        copy_files(unchanged, WEIGHTS, folders.last)
    epochs = [{"epoch": 0, "step": 0, "train_loss": None, **measure()}]
    return early_stopping.TrainingResult(epochs, best_epoch=0, steps=0)


def _train(
    model: PreTrainedModel,
    encoder: Encoder,
    rows: list[dict[str, Any]],
    measure: Callable[[], dict[str, float]],
    settings: FinetuningSettings,
    work: Path,
) -> list[dict[str, Any]]:
    """Train, leave the checkpoints of the best and the last epoch in the work folder, and return the log."""
    checkpoint, history = distributed.broadcast_from_first(_resume_point(work))
    if _is_finished(history, settings):
        return history
    dataset = examples.encode_examples(rows, settings.prompt, encoder)
    callbacks: list[TrainerCallback] = [SaveCheckpoints(work)]
    callbacks += [early_stopping.EarlyStopping(settings.early_stopping_patience)] if settings.max_steps is None else []
    callbacks += [_ForwardBeforeEvaluation()] if is_sharded() else []
    trainer = _StageTrainer(
        model=model,
        args=_arguments(settings, len(rows), work / INCOMPLETE, eval_on_start=checkpoint is None),
        train_dataset=dataset,
        eval_dataset=dataset[:1],  # required by Trainer, but ``measure`` evaluates
        data_collator=lambda items: examples.collate(items, encoder.eos_token_id),
        callbacks=callbacks,
        measure=measure,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=checkpoint)
    return trainer.state.log_history


def _resume_point(work: Path) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the checkpoint that an interrupted run has left, if any, and its log."""
    checkpoint = last_checkpoint(work)
    if checkpoint is None:
        return None, []
    return checkpoint, TrainerState.load_from_json(str(Path(checkpoint) / TRAINER_STATE_NAME)).log_history


def _is_finished(history: list[dict[str, Any]], settings: FinetuningSettings) -> bool:
    """Return whether the last epoch in the log has ended the training."""
    if settings.max_steps is None:
        return early_stopping.should_stop(history, settings.early_stopping_patience)
    return bool(history) and history[-1]["step"] >= settings.max_steps


def _arguments(settings: FinetuningSettings, questions: int, folder: Path, eval_on_start: bool) -> TrainingArguments:
    """Return the arguments of the Trainer; a resumed run has the evaluation of the start in its log."""
    all_steps = settings.max_steps or settings.num_train_epochs * math.ceil(questions / settings.batch_size)
    processes, has_gpu = settings.processes.count, torch.cuda.is_available()
    length = (
        {"num_train_epochs": settings.num_train_epochs}
        if settings.max_steps is None
        else {"max_steps": settings.max_steps}
    )
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=not has_gpu,
        seed=settings.seed,
        ddp_backend="gloo" if is_worker() and not has_gpu else None,
        ddp_find_unused_parameters=False,
        per_device_train_batch_size=settings.batch_size // (processes * settings.gradient_accumulation_steps),
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.lr_scheduler_type,
        # a value below 1 is a share of all steps, but 1 is one step
        warmup_steps=settings.warmup_ratio if settings.warmup_ratio < 1 else all_steps,
        weight_decay=settings.weight_decay,
        eval_strategy="epoch",
        eval_on_start=eval_on_start,
        save_strategy="epoch",
        metric_for_best_model=early_stopping.METRIC,  # keeps the best checkpoint (SaveCheckpoints)
        greater_is_better=True,
        logging_strategy="epoch",
        logging_nan_inf_filter=False,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
        **_mixed_precision(settings.loading),
        **length,
    )


def _mixed_precision(loading: Loading) -> dict[str, bool]:
    """Compute on a GPU in the 16-bit dtype of the base model; trained weights stay in float32."""
    name = {"bfloat16": "bf16", "float16": "fp16"}.get(loading.dtype)
    return {name: True} if name and torch.cuda.is_available() else {}
