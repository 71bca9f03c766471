"""Progress of a Trainer in the log of the job."""

import logging
import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_log = logging.getLogger(__name__)


class LogProgress(TrainerCallback):
    """Log step, loss and remaining time whenever the Trainer logs a loss."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Store the start time and the first step, which is not 0 in a resumed run."""
        self.start, self.first = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Log the progress."""
        if logs and "loss" in logs:
            step, steps = state.global_step, state.max_steps
            left = (time.monotonic() - self.start) * (steps - step) / (step - self.first)
            _log.info("step %d of %d, loss %.3f, %.0f s left", step, steps, logs["loss"], left)
