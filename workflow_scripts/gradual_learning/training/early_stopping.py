"""Epochs of a stage, read from the log of its Trainer: which one is best, and when to stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

METRIC = "validation_accuracy"  # selects the best epoch


@dataclass(frozen=True)
class TrainingResult:
    """The result of training a stage.

    Attributes:
        epochs: metrics before training (epoch 0) and after each epoch.
        best_epoch: number of the best epoch.
        steps: number of optimizer steps.
    """

    epochs: list[dict[str, Any]]
    best_epoch: int
    steps: int

    @property
    def best(self) -> dict[str, Any]:
        """The metrics of the best epoch."""
        return self.epochs[self.best_epoch]

    def summary(self) -> dict[str, Any]:
        """Return the values that other stages and tables use."""
        return {
            "steps": self.steps,
            "epochs": len(self.epochs) - 1,
            "best_epoch": self.best_epoch,
            "best_validation_accuracy": self.best[METRIC],
            "passed_through": self.steps == 0,
        }


def result_of(history: list[dict[str, Any]]) -> TrainingResult:
    """Return the result of a completed training from its log."""
    epochs = epochs_of(history)
    return TrainingResult(epochs, best_of(epochs)["epoch"], epochs[-1]["step"])


def epochs_of(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the metrics before training and after each epoch from the log of a Trainer."""
    losses = {entry["step"]: entry["loss"] for entry in history if "loss" in entry}
    evaluations = [entry for entry in history if f"eval_{METRIC}" in entry]
    return [
        {
            "epoch": epoch,
            "step": entry["step"],
            "train_loss": losses.get(entry["step"]),
            **{name.removeprefix("eval_"): entry[name] for name in sorted(entry) if name.startswith("eval_")},
        }
        for epoch, entry in enumerate(evaluations)
    ]


def best_of(epochs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first epoch with the highest validation accuracy; the state before training does not count."""
    return max(epochs[1:], key=lambda entry: entry[METRIC])


def should_stop(history: list[dict[str, Any]], patience: int) -> bool:
    """Return whether the last ``patience`` epochs in the log of a Trainer have brought no improvement."""
    epochs = epochs_of(history)
    return len(epochs) > 1 and epochs[-1]["epoch"] - best_of(epochs)["epoch"] >= patience


class EarlyStopping(TrainerCallback):
    """Stop the training after ``patience`` epochs without improvement.

    Unlike transformers' EarlyStoppingCallback, it counts in the log, so that a resumed run stops at the same epoch.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Stop if the log so far says so."""
        control.should_training_stop |= should_stop(state.log_history, self.patience)


def train_accuracies(correct: pd.Series, category_at_base: Mapping[str, str]) -> dict[str, float]:
    """Return the accuracy on train questions, in full and by their category under the base model.

    Args:
        correct: whether the answer to each question is correct, by question id.
        category_at_base: the category of each question under the base model, by question id.

    Returns:
        ``train_accuracy``, and ``train_accuracy_<category>`` for each category that has a question; empty if there is
        no question.
    """
    if correct.empty:
        return {}
    by_category = correct.groupby(correct.index.map(category_at_base)).mean()
    parts = {f"train_accuracy_{category}": float(share) for category, share in by_category.items()}
    return {"train_accuracy": float(correct.mean()), **parts}
