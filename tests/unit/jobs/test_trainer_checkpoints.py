"""Checkpoints in a work folder: complete ones only, and no more than the last and the best one."""

from pathlib import Path

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from gradual_learning.jobs.trainer_checkpoints import INCOMPLETE, SaveCheckpoints, checkpoints, last_checkpoint


def save(work: Path, step: int, best: int | None = None) -> None:
    """Write a checkpoint as Trainer does, and notify the callback."""
    written = work / INCOMPLETE / f"checkpoint-{step}"
    written.mkdir(parents=True)
    (written / "weights").write_text(str(step))
    arguments = TrainingArguments(output_dir=str(work / INCOMPLETE), use_cpu=True)
    SaveCheckpoints(work).on_save(arguments, TrainerState(global_step=step, best_global_step=best), TrainerControl())


@pytest.mark.parametrize(("best", "kept"), [(lambda step: None, [11]), (lambda step: min(step, 9), [9, 11])])
def test_only_the_last_and_the_best_checkpoint_are_kept(best, kept, tmp_path):
    for step in (8, 9, 10, 11):
        save(tmp_path, step, best(step))
    assert [*checkpoints(tmp_path)] == kept
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-11")
    assert list((tmp_path / INCOMPLETE).iterdir()) == []


def test_steps_are_compared_as_numbers(tmp_path):
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")


def test_a_checkpoint_that_is_not_complete_is_no_checkpoint(tmp_path):
    assert last_checkpoint(tmp_path) is None
    (tmp_path / INCOMPLETE / "checkpoint-4").mkdir(parents=True)
    assert last_checkpoint(tmp_path) is None
