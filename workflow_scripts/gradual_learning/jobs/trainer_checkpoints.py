"""Checkpoints of a Trainer in the work folder of its job, from which a killed job resumes."""

import shutil
from pathlib import Path
from typing import Any

import torch.distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

INCOMPLETE = "incomplete"  # subfolder of the work folder; the ``output_dir`` of the Trainer


class SaveCheckpoints(TrainerCallback):
    """Move each checkpoint from ``output_dir`` to the work folder once it is complete, so that a kill leaves no part.

    Only the last checkpoint is kept, and the best one where the Trainer has a ``metric_for_best_model``.

    Args:
        folder: the work folder; ``output_dir`` must be on the same file system, such as its :data:`INCOMPLETE`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the checkpoint to which all processes have written, and remove those no longer needed."""
        _wait_for_all()
        if state.is_world_process_zero:
            name = f"checkpoint-{state.global_step}"
            (Path(args.output_dir) / name).rename(self.folder / name)
            for step, path in checkpoints(self.folder).items():
                if step not in (state.global_step, state.best_global_step):
                    shutil.rmtree(path)
        _wait_for_all()


def _wait_for_all() -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def checkpoints(folder: Path) -> dict[int, Path]:
    """Return the complete checkpoints in a work folder by step, in ascending order."""
    found = {int(path.name.rpartition("-")[2]): path for path in folder.glob("checkpoint-*")}
    return dict(sorted(found.items()))


def last_checkpoint(folder: Path) -> str | None:
    """Return the checkpoint from which to resume, or None."""
    found = checkpoints(folder)
    return str(found[max(found)]) if found else None
