"""One GPU and two processes: a job waits for a GPU that another has reserved, and training refuses to share one."""

import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow
WAIT = 4  # seconds: several attempts of a waiting job
TIMEOUT = 120
RESERVE = """
import sys
from gradual_learning.jobs import gpus
print("started", flush=True)
with gpus.reserve_gpus(1):
    import torch
    if torch.cuda.is_available():
        torch.ones(8, device="cuda").sum().item()
    print("reserved", flush=True)
    sys.stdin.readline()
"""


TRAIN = """
from gradual_learning.jobs import gpus
with gpus.reserve_gpus(2, processes=2):
    gpus.require_gpus(2, processes=2)
"""


@pytest.fixture
def environment(root, tmp_path):
    """One visible GPU, and locks of its own; the name of a GPU that is not there can be reserved too."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0] or "0"
    return os.environ | {
        "PYTHONPATH": str(root / "workflow_scripts"),
        "CUDA_VISIBLE_DEVICES": visible,
        "TMPDIR": str(tmp_path),
    }


def _wait_for(file, text):
    end = time.monotonic() + TIMEOUT
    while file.read_text() != text:
        assert time.monotonic() < end, file.read_text()
        time.sleep(0.05)


def test_a_second_job_waits_until_the_first_releases_the_gpu(environment, tmp_path):
    outputs, jobs = [tmp_path / "first.txt", tmp_path / "second.txt"], []
    try:
        for output, expected in zip(outputs, ("started\nreserved\n", "started\n"), strict=True):
            with output.open("w") as stream:
                command = [sys.executable, "-c", RESERVE]
                jobs.append(subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=stream))
            _wait_for(output, expected)
        time.sleep(WAIT)
        assert outputs[1].read_text() == "started\n"
        jobs[0].communicate(b"\n", timeout=TIMEOUT)
        _wait_for(outputs[1], "started\nreserved\n")
        jobs[1].communicate(b"\n", timeout=TIMEOUT)
        assert [job.returncode for job in jobs] == [0, 0]
    finally:
        for job in jobs:
            job.kill()
            job.wait()


def test_two_training_processes_on_one_gpu_are_refused(environment):
    done = subprocess.run([sys.executable, "-c", TRAIN], env=environment, capture_output=True, text=True)
    assert "UserError: training.parallel.processes: 2 processes need 2 GPUs, but the job has 1" in done.stderr
