"""Promises: killed at any moment, in another folder, with other cores and shards, a run ends with the same tables."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow


def _kill_when(folder, command, started, patience=240):
    """Start Snakemake and kill it and its jobs, as a power cut would, once ``started`` says so."""
    log = folder / "killed.log"
    with log.open("w") as sink:
        run = subprocess.Popen(command, cwd=folder, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + patience
    while not started():
        assert run.poll() is None, f"the run ended before the moment to kill it:\n{log.read_text()}"
        assert time.monotonic() < deadline, "the moment to kill the run never came"
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def test_killed_three_times_and_resumed_elsewhere_gives_the_same_tables(
    finished, tiny, snakemake, copy_workflow, tmp_path
):
    folder = copy_workflow(tmp_path / "elsewhere")
    arguments = ["--cores", "2", "--configfile", str(tiny), "--set-scatter", "shards=2"]
    command = [sys.executable, "-m", "snakemake", *arguments]
    results = folder / "results"
    _kill_when(folder, command, lambda: any(results.glob(".model.scratch/checkpoint-*")))
    snakemake("--unlock", "--configfile", tiny, cwd=folder)
    _kill_when(folder, command, lambda: any(results.glob("answers/**/.*.scratch")))
    assert (results / "model").is_dir()
    snakemake("--unlock", "--configfile", tiny, cwd=folder)
    _kill_when(folder, command, lambda: any(results.glob("checkpoints/*/seed4/.best.scratch/checkpoint-*")))
    snakemake("--unlock", "--configfile", tiny, cwd=folder)
    printed = snakemake(*arguments, cwd=folder)
    assert "rule pretrain_base_model" not in printed, "what was finished is not made again"
    made = [path for folder in ("tables", "figures") for path in (finished / folder).iterdir() if path.stem != "time"]
    assert {path.stem for path in made} >= {"accuracy", "comparisons", "forgetting", "flow", "examples", "cost"}
    for path in [*made, finished / "summary.md"]:
        assert (results / path.relative_to(finished)).read_bytes() == path.read_bytes(), path.name
