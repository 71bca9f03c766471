"""A run that is killed and resumed, in another folder and with other cores and shards, ends with the same tables."""

import os
import signal
import subprocess
import sys
import time

import pytest

from same_results import TABLES, assert_same_rows

pytestmark = pytest.mark.slow


def kill_when(is_time, command, folder, timeout=240):
    """Start Snakemake, and kill it with its jobs, like a power cut, once ``is_time`` returns true."""
    log = folder / "killed.log"
    with log.open("w") as sink:
        run = subprocess.Popen(command, cwd=folder, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + timeout
    while not is_time():
        assert run.poll() is None, f"the run ended before it was killed:\n{log.read_text()}"
        assert time.monotonic() < deadline, "the time to kill the run never came"
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def test_killed_three_times_and_resumed_elsewhere_gives_the_same_tables(
    finished, tiny, fewer, snakemake, copy_workflow, tmp_path
):
    folder = copy_workflow(tmp_path / "elsewhere")
    results = folder / "results"
    settings = ["--configfile", str(tiny), str(fewer)]
    arguments = ["--cores", "2", *settings, "--set-scatter", "shards=2", "--", *TABLES]
    command = [sys.executable, "-m", "snakemake", *arguments]
    kill_when(lambda: any(results.glob(".model.work/checkpoint-*")), command, folder)
    snakemake("--unlock", *settings, cwd=folder)
    kill_when(lambda: any(results.glob("answers/**/.*.work")), command, folder)
    assert (results / "model").is_dir()
    snakemake("--unlock", *settings, cwd=folder)
    kill_when(lambda: any(results.glob("checkpoints/*/seed4/.best.work/checkpoint-*")), command, folder)
    snakemake("--unlock", *settings, cwd=folder)
    printed = snakemake(*arguments, cwd=folder)
    assert "rule pretrain_base_model" not in printed, "a finished model was pretrained again"
    assert_same_rows(results, finished)
    assert not [*results.rglob("*.work")], "a job has left its work folder"
