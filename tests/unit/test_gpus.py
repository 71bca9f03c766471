"""Every job has GPUs of its own, as many as it asks for, of those that it may see."""

import contextlib
import multiprocessing
import os
import time

import pytest

from gradual_learning import gpus
from gradual_learning.records import UserError


@pytest.fixture(autouse=True)
def _own_locks(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(gpus, "_PATIENCE", 0.01)
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


def test_a_machine_without_gpus_is_left_alone():
    with gpus.claimed(1):
        assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_a_job_that_asks_for_none_shares_the_first(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with gpus.claimed(1), gpus.claimed(0):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "5"


def test_several_processes_share_no_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with gpus.claimed(0, processes=2):
        assert gpus.visible() == []


@pytest.mark.parametrize(
    ("gpu", "gres", "count"),
    [
        (0, None, 0),
        (2, None, 2),
        (0, "gpu", 1),
        (0, "gpu:4", 4),
        (0, "gpu:h100", 1),
        (0, "gpu:h100:4", 4),
        (0, "shard:4", 0),
    ],
)
def test_gpus_are_asked_for_in_words_of_snakemake_or_of_slurm(gpu, gres, count):
    assert gpus.asked(gpu, gres) == count


def test_jobs_get_different_ones_and_give_them_back(monkeypatch):
    taken = []
    with contextlib.ExitStack() as jobs:
        for _ in range(2):
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6,7")
            jobs.enter_context(gpus.claimed(1))
            taken.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert taken == ["5", "6"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6,7")
    with gpus.claimed(3):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "5,6,7"


def test_each_job_of_slurm_numbers_its_own(monkeypatch):
    for job in ("1", "2"):
        monkeypatch.setenv("SLURM_JOB_ID", job)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        stack = contextlib.ExitStack()
        stack.enter_context(gpus.claimed(1))
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


def test_processes_that_were_launched_together_keep_what_was_claimed_for_them(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6")
    with gpus.claimed(2):
        monkeypatch.setenv("WORLD_SIZE", "2")
        with gpus.claimed(2):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "5,6"


def _compute(numbers, count, sure):
    for _ in range(20):
        os.environ["CUDA_VISIBLE_DEVICES"] = "0,1,2"
        with gpus.claimed(count):
            for device in map(int, os.environ["CUDA_VISIBLE_DEVICES"].split(",")):
                with numbers.get_lock():
                    sure.value &= numbers[device] == 0
                    numbers[device] += 1
                time.sleep(0.001)
            for device in map(int, os.environ["CUDA_VISIBLE_DEVICES"].split(",")):
                with numbers.get_lock():
                    numbers[device] -= 1


def test_more_jobs_than_gpus_take_turns_and_none_waits_for_ever():
    numbers, sure = multiprocessing.Array("i", 3), multiprocessing.Value("b", True)
    jobs = [multiprocessing.Process(target=_compute, args=(numbers, count, sure)) for count in (1, 2, 2, 3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    assert [job.exitcode for job in jobs] == [0] * 4 and sure.value


def test_processes_without_a_gpu_each_are_refused():
    with pytest.raises(UserError, match="4 processes need 4 GPUs, and the job was given 1"):
        gpus.insist(1, 4)
    gpus.insist(4, 4)
    gpus.insist(0, 4)
