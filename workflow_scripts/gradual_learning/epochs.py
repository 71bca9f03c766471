"""The epochs of a stage, as its training log tells them: which is the best, and whether to go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


@dataclass(frozen=True)
class Outcome:
    """What a stage came to; ``epochs`` holds one entry an evaluated epoch, the first before training."""

    epochs: list[dict[str, Any]]
    best_epoch: int
    steps: int

    @property
    def best(self) -> dict[str, Any]:
        """The entry of the best epoch."""
        return self.epochs[self.best_epoch]

    def summary(self) -> dict[str, Any]:
        """Return the figures that other stages and tables ask for."""
        return {
            "steps": self.steps,
            "epochs": len(self.epochs) - 1,
            "best_epoch": self.best_epoch,
            "best_validation_accuracy": self.best["validation_accuracy"],
            "passed_through": self.steps == 0,
        }


def outcome(history: list[dict]) -> Outcome:
    """Tell from the whole log what a stage came to."""
    epochs = listed(history)
    return Outcome(epochs, best(epochs)["epoch"], epochs[-1]["step"])


def listed(history: list[dict]) -> list[dict[str, Any]]:
    """List what was measured before training and after every epoch."""
    losses = {entry["step"]: entry["loss"] for entry in history if "loss" in entry}
    measured = [entry for entry in history if "eval_validation_accuracy" in entry]
    return [
        {
            "epoch": place,
            "step": entry["step"],
            "train_loss": losses.get(entry["step"]),
            **{name[5:]: value for name, value in sorted(entry.items()) if name.startswith("eval_")},
        }
        for place, entry in enumerate(measured)
    ]


def stalls(history: list[dict], patience: int) -> bool:
    """Tell by the log alone, so that a resumed run agrees, whether the best epoch lies ``patience`` epochs back."""
    epochs = listed(history)
    return len(epochs) > 1 and epochs[-1]["epoch"] - best(epochs)["epoch"] >= patience


def best(epochs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first epoch of training with the highest accuracy."""
    return max(epochs[1:], key=lambda entry: entry["validation_accuracy"])


def best_step(history: list[dict]) -> int:
    """Return the optimiser step after which the best epoch so far ended."""
    return best(listed(history))["step"]


class Patience(TrainerCallback):
    """Stop when the best epoch lies ``patience`` epochs back."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Look at the log as it is after an epoch."""
        control.should_training_stop |= stalls(state.log_history, self.patience)


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
