"""Every job has its own GPUs, as many as it requests, among those that are visible to it."""

import contextlib
import multiprocessing
import os
import time

import pytest
import torch

from gradual_learning.jobs import gpus
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.processes import WORKER_MARK


@pytest.fixture(autouse=True)
def _own_environment(tmp_path, monkeypatch):
    """Give the tests their own locks, and restore the variables that a job changes."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(gpus, "RETRY_SECONDS", 0.01)
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "WORLD_SIZE"):
        monkeypatch.setenv(name, "")  # otherwise, a variable that is not set now would not be removed afterwards
        monkeypatch.delenv(name)


def test_without_a_variable_the_gpus_of_the_machine_are_visible():
    assert gpus.visible_gpus() == [str(number) for number in range(torch.cuda.device_count())]
    with gpus.reserve_gpus(1):
        assert os.environ.get("CUDA_VISIBLE_DEVICES") == ("0" if torch.cuda.device_count() else None)


def test_no_visible_gpu_stays_none(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with gpus.reserve_gpus(1):
        assert gpus.visible_gpus() == []


def test_a_job_without_request_shares_the_first(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with gpus.reserve_gpus(1), gpus.reserve_gpus(0):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "5"


def test_several_processes_do_not_share_a_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with gpus.reserve_gpus(0, processes=2):
        assert gpus.visible_gpus() == []


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
def test_requests_are_read_from_resources_of_snakemake_or_slurm(gpu, gres, count):
    assert gpus.gpus_requested(gpu, gres) == count


def test_jobs_get_different_gpus_and_release_them(monkeypatch):
    reserved = []
    with contextlib.ExitStack() as jobs:
        for _ in range(2):
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6,7")
            jobs.enter_context(gpus.reserve_gpus(1))
            reserved.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert reserved == ["5", "6"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6,7")
    with gpus.reserve_gpus(3):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "5,6,7"


def _reserve_in_slurm_job(number):
    os.environ |= {"SLURM_JOB_ID": number, "CUDA_VISIBLE_DEVICES": "0"}
    with gpus.reserve_gpus(1):
        pass


@pytest.mark.parametrize(("number", "waits"), [("1", True), ("2", False)])
def test_a_device_number_is_locked_within_its_slurm_job_only(number, waits, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    other = multiprocessing.Process(target=_reserve_in_slurm_job, args=(number,))
    with gpus.reserve_gpus(1):
        other.start()
        other.join(1 if waits else 30)
        assert other.is_alive() == waits
    other.join(30)
    assert other.exitcode == 0


def test_workers_keep_what_their_launcher_has_reserved(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6")
    with gpus.reserve_gpus(2):
        monkeypatch.setenv("WORLD_SIZE", "2")
        monkeypatch.setenv(WORKER_MARK, "1")
        with gpus.reserve_gpus(2):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "5,6"


def _compute(users, count, is_exclusive):
    for _ in range(20):
        os.environ["CUDA_VISIBLE_DEVICES"] = "0,1,2"
        with gpus.reserve_gpus(count):
            for device in map(int, os.environ["CUDA_VISIBLE_DEVICES"].split(",")):
                with users.get_lock():
                    is_exclusive.value &= users[device] == 0
                    users[device] += 1
                time.sleep(0.001)
            for device in map(int, os.environ["CUDA_VISIBLE_DEVICES"].split(",")):
                with users.get_lock():
                    users[device] -= 1


def test_more_jobs_than_gpus_take_turns_without_deadlock():
    users, is_exclusive = multiprocessing.Array("i", 3), multiprocessing.Value("b", True)
    jobs = [multiprocessing.Process(target=_compute, args=(users, count, is_exclusive)) for count in (1, 2, 2, 3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    assert [job.exitcode for job in jobs] == [0] * 4 and is_exclusive.value


@pytest.mark.parametrize(("requested", "visible"), [(1, "5,6,7,8"), (4, "5")])
def test_more_processes_than_gpus_are_an_error(requested, visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(UserError, match="4 processes need 4 GPUs, but the job has 1"):
        gpus.require_gpus(requested, 4)


@pytest.mark.parametrize(("requested", "visible"), [(4, "5,6,7,8"), (4, ""), (0, "5"), (0, "")])
def test_each_process_has_a_gpu_or_none_has(requested, visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    gpus.require_gpus(requested, 4)
