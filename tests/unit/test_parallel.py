"""Several processes that train one stage: they see what one process sees, and fail as one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

import spread_training
from gradual_learning import records

pytestmark = pytest.mark.slow
QUESTIONS = 32  # whole batches alone: of a broken one each process would take more than its share


def kill(command, environment, checkpoint):
    """Kill a job and all its processes once it has written a checkpoint."""
    job = psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not checkpoint.exists():
        assert job.poll() is None, "it ended before"
        time.sleep(0.01)
    processes = [job, *job.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)


@pytest.fixture(scope="module")
def train(tiny_world, tiny_model, tmp_path_factory):
    """Train in so many processes; return the epochs and the weights."""
    questions = tmp_path_factory.mktemp("inputs") / "questions.parquet"
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(QUESTIONS)
    records.write_table(table, records.QUESTIONS, questions)

    def start(count, accumulation=1, kind="whole", method="lora", fails=False, killed_at=None):
        place = tmp_path_factory.mktemp("trained")
        script = Path(spread_training.__file__)
        paths = [Path(item) for item in sys.path if "gradual" in item or "tools" in item or "workflow_scripts" in item]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        if torch.cuda.device_count() < count:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        command = [sys.executable, script, str(count), str(accumulation), kind, method, tiny_model, questions, place]
        if killed_at is not None:
            kill(command, environment, place / f"work/checkpoint-{killed_at}")
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert (done.returncode != 0) == fails, done.stdout
        if fails:
            return done.stdout
        return json.loads((place / "epochs.json").read_text()), load_file(next((place / "best").glob("*.safetensors")))

    return start


def curves(epochs):
    return [(epoch["train_loss"], epoch["validation_accuracy"]) for epoch in epochs[1:]]


@pytest.fixture(scope="module")
def alone(train):
    return train(1, accumulation=2)


@pytest.mark.parametrize(("kind", "killed_at"), [("whole", None), (spread_training.ANYWHERE, 8)])
def test_two_processes_train_as_one_with_twice_the_accumulation(kind, killed_at, train, alone):
    epochs, weights = train(2, kind=kind, killed_at=killed_at)
    assert {epoch["sharded"] for epoch in epochs} == {float(kind != "whole")}
    assert [epoch["step"] for epoch in epochs] == [epoch["step"] for epoch in alone[0]]
    for one, two in zip(curves(alone[0]), curves(epochs), strict=True):
        assert two == pytest.approx(one, rel=1e-3)
    assert weights.keys() == alone[1].keys()
    assert all((weights[name] - alone[1][name]).abs().max() < 1e-3 for name in weights)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there are GPUs")
def test_weights_are_not_spread_without_gpus(train):
    assert "training.parallel.sharded: accelerate spreads weights over GPUs" in train(2, kind="sharded", fails=True)


def test_a_process_that_fails_ends_the_others_with_a_message(train):
    printed = train(2, accumulation=0, fails=True)
    assert "training.parallel: 2 processes on 1 node(s) were started and not all ended well" in printed
