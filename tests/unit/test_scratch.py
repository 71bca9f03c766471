"""Working folders: for one purpose alone, and whole whatever else is written at the same time."""

import multiprocessing
import os
from types import SimpleNamespace

import pytest
from transformers import TrainerControl, TrainerState

from gradual_learning import scratch


def _save(folder, node_disk, step, best=None):
    written = node_disk / f"checkpoint-{step}"
    written.mkdir(parents=True)
    (written / "weights").write_text(str(step))
    state = TrainerState(global_step=step, is_world_process_zero=True)
    callback = scratch.KeepCheckpoints(folder, lambda history: best)
    callback.on_save(SimpleNamespace(output_dir=node_disk), state, TrainerControl())


def test_changed_settings_never_go_on_from_old_weights(tmp_path):
    work = scratch.open_scratch(tmp_path / "work", {"learning_rate": 1})
    _save(work, tmp_path / "disk", 5)
    assert scratch.last_checkpoint(scratch.open_scratch(work, {"learning_rate": 1})).endswith("checkpoint-5")
    assert scratch.last_checkpoint(scratch.open_scratch(work, {"learning_rate": 2})) is None


def test_the_last_and_the_best_checkpoint_are_kept_and_nothing_on_the_disk_of_the_node(tmp_path):
    work = scratch.open_scratch(tmp_path / "work", ["a"])
    for step in (8, 9, 10, 11):
        _save(work, tmp_path / "disk", step, best=min(step, 9))
    assert [*scratch.checkpoints(work)] == [9, 11] and scratch.last_checkpoint(work).endswith("checkpoint-11")
    assert not any((tmp_path / "disk").iterdir())


def test_a_checkpoint_that_was_cut_off_while_moved_is_passed_over(tmp_path):
    work = scratch.open_scratch(tmp_path / "work", ["a"])
    _save(work, tmp_path / "disk", 3)
    (work / ".checkpoint-4.partial").mkdir()
    assert scratch.last_checkpoint(work).endswith("checkpoint-3")
    _save(work, tmp_path / "disk", 4)
    assert [*scratch.checkpoints(work)] == [4] and (work / "checkpoint-4/weights").read_text() == "4"


@pytest.fixture
def outputs(tmp_path):
    """A file and a folder that a job has made."""
    (tmp_path / "best").mkdir()
    (tmp_path / "best/weights").write_text("many")
    (tmp_path / "summary.json").write_text("{}")
    return [tmp_path / "best", tmp_path / "summary.json"]


def _lose(outputs):
    for path in outputs:
        if path.is_dir():
            (path / "weights").unlink()
            path.rmdir()
        else:
            path.unlink()


def test_lost_outputs_are_put_back_without_taking_room(outputs, tmp_path):
    work = scratch.open_scratch(tmp_path / "work", ["a"])
    (work / "checkpoint-1").mkdir()
    assert not scratch.restore(work, outputs)
    scratch.keep(work, outputs)
    assert not (work / "checkpoint-1").exists()
    assert os.stat(outputs[0] / "weights").st_nlink == 2
    _lose(outputs)
    assert scratch.restore(scratch.open_scratch(work, ["a"]), outputs)
    assert (outputs[0] / "weights").read_text() == "many" and outputs[1].read_text() == "{}"
    assert not scratch.restore(scratch.open_scratch(work, ["b"]), outputs), "made for another purpose"


def _publish_often(folder, text):
    for _ in range(200):
        with scratch.whole_folder(folder) as partial:
            for name in ("first", "second"):
                (partial / name).write_text(text)


def test_two_jobs_that_write_the_same_folder_leave_it_whole(tmp_path):
    jobs = [multiprocessing.Process(target=_publish_often, args=(tmp_path / "best", text)) for text in "ab"]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0]
    assert (tmp_path / "best/first").read_text() == (tmp_path / "best/second").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
