"""Work folders: kept for the same purpose, removed for another one or once the job is done."""

import multiprocessing
import os

import pytest

from gradual_learning.jobs import resume

PURPOSE = {"seed": 1, "prompts": ["a"]}


@pytest.fixture
def work(tmp_path):
    """A work folder in which an interrupted job has left a file."""
    folder = resume.open_work_folder(resume.work_folder(tmp_path / "answers.parquet"), PURPOSE)
    (folder / "part").write_text("half")
    return folder


def test_work_folder_lies_hidden_next_to_the_output(work, tmp_path):
    assert work == tmp_path / ".answers.parquet.work" and work.is_dir()


def test_same_purpose_keeps_what_was_left(work):
    assert resume.open_work_folder(work, {"prompts": ["a"], "seed": 1}) == work
    assert (work / "part").read_text() == "half"


@pytest.mark.parametrize("purpose", [{"seed": 2, "prompts": ["a"]}, {"seed": 1}, None])
def test_another_purpose_starts_from_nothing(work, purpose):
    resume.open_work_folder(work, purpose)
    assert not (work / "part").exists()


def test_removed_folder_is_gone_and_removing_it_twice_is_no_error(work, tmp_path):
    resume.remove(work)
    resume.remove(work)
    assert list(tmp_path.iterdir()) == []


def test_remains_of_a_killed_removal_are_not_resumed_from(work):
    for number in range(5000):
        (work / str(number)).touch()
    files = len(os.listdir(work))
    job = multiprocessing.Process(target=resume.remove, args=(work,))
    job.start()
    while len(os.listdir(work)) == files:
        pass
    job.kill()
    job.join()
    assert os.listdir(work), "the removal ended before it was killed"
    assert not [*resume.open_work_folder(work, PURPOSE).glob("[0-9]*")]
