"""Files and folders are complete or absent, whatever fails and whatever else is written at the same time."""

import multiprocessing
import os

import pytest

from gradual_learning.jobs.atomic_files import atomic_file, atomic_folder, copy_files, replace_folder, write_text


def test_a_file_keeps_its_content_where_writing_fails(tmp_path):
    write_text("old", tmp_path / "below/a.txt")
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "below/a.txt") as partial:
        partial.write_text("ne")
        raise RuntimeError
    assert [path.name for path in (tmp_path / "below").iterdir()] == ["a.txt"]
    assert (tmp_path / "below/a.txt").read_text() == "old"


def test_a_folder_keeps_its_content_where_writing_fails(tmp_path):
    with atomic_folder(tmp_path / "best") as partial:
        (partial / "weights").write_text("old")
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "best") as partial:
        (partial / "weights").write_text("ne")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    assert (tmp_path / "best/weights").read_text() == "old"


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["old", "old/new"]


def test_a_folder_that_cannot_be_renamed_is_an_error(tmp_path):
    (tmp_path / "new").mkdir()
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "new", tmp_path / "missing/old")
    assert (tmp_path / "new").is_dir()


def test_only_the_named_files_are_copied(tmp_path):
    source = tmp_path / "checkpoint-3"
    source.mkdir()
    for name in ("model-1.safetensors", "model-2.safetensors", "optimizer.pt", "config.json"):
        (source / name).write_text(name)
    copy_files(source, ["model*.safetensors", "*config.json"], tmp_path / "best")
    copied = {path.name: path.read_text() for path in (tmp_path / "best").iterdir()}
    assert copied == {name: name for name in ("model-1.safetensors", "model-2.safetensors", "config.json")}


def _write_often(folder, text):
    for _ in range(200):
        with atomic_folder(folder) as partial:
            for name in ("first", "second"):
                (partial / name).write_text(text)


def test_two_jobs_that_write_the_same_folder_leave_it_complete(tmp_path):
    jobs = [multiprocessing.Process(target=_write_often, args=(tmp_path / "best", text)) for text in "ab"]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0]
    assert (tmp_path / "best/first").read_text() == (tmp_path / "best/second").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_what_a_killed_process_left_is_removed_and_what_another_process_writes_is_not(tmp_path):
    for name in ("a.txt", "best"):
        (tmp_path / f".{name}.partial-running").touch()
    (tmp_path / ".a.txt.partial-killed").touch()
    (tmp_path / ".best.partial-killed").mkdir()
    for path in tmp_path.glob("*killed"):
        os.utime(path, (0, 0))
    write_text("new", tmp_path / "a.txt")
    with atomic_folder(tmp_path / "best"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.txt.partial-running",
        ".best.partial-running",
        "a.txt",
        "best",
    ]
