"""Several processes that train one stage: they get the result of a single process, and fail together."""

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
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import QUESTIONS
from spread_training import REPLICATED, SHARDED, SHARDED_ANYWHERE

pytestmark = pytest.mark.slow
QUESTION_COUNT = 32  # full batches only: from an incomplete one, each process would take more than its share


def kill(command, environment, checkpoint):
    """Kill a job and all its processes once it has written a checkpoint."""
    job = psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not checkpoint.exists():
        assert job.poll() is None, "the job ended before it was killed"
        time.sleep(0.01)
    processes = [job, *job.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)


@pytest.fixture(scope="module")
def train(tiny_world, tiny_model, tmp_path_factory):
    """Train in several processes; return the epochs and the weights, or what a failing job prints."""
    questions = tmp_path_factory.mktemp("inputs") / "questions.parquet"
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(QUESTION_COUNT)
    write_table(table, QUESTIONS, questions)

    def start(count, gradient_accumulation_steps=1, kind=REPLICATED, method="lora", fails=False, killed_at=None):
        place = tmp_path_factory.mktemp("trained")
        paths = [Path(item) for item in sys.path if "gradual" in item or "tools" in item or "workflow_scripts" in item]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        if torch.cuda.device_count() < count:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        arguments = [str(count), str(gradient_accumulation_steps), kind, method, tiny_model, questions, place]
        command = [sys.executable, spread_training.__file__, *arguments]
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
def single(train):
    """The epochs and the weights of a single process."""
    return train(1, gradient_accumulation_steps=2)


@pytest.mark.parametrize(("kind", "killed_at"), [(REPLICATED, None), (SHARDED_ANYWHERE, 8)])
def test_two_processes_train_like_one_with_twice_the_accumulation(kind, killed_at, train, single):
    epochs, weights = train(2, kind=kind, killed_at=killed_at)
    assert {epoch["fsdp"] for epoch in epochs} == {float(kind != REPLICATED)}
    assert [epoch["step"] for epoch in epochs] == [epoch["step"] for epoch in single[0]]
    for expected, actual in zip(curves(single[0]), curves(epochs), strict=True):
        assert actual == pytest.approx(expected, rel=1e-3)
    assert weights.keys() == single[1].keys()
    assert all((weights[name] - single[1][name]).abs().max() < 1e-3 for name in weights)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there are GPUs")
def test_weights_are_not_sharded_without_gpus(train):
    assert "training.parallel.fsdp: accelerate shards weights across GPUs" in train(2, kind=SHARDED, fails=True)


def test_a_failing_process_ends_the_others_with_a_message(train):
    printed = train(2, gradient_accumulation_steps=0, fails=True)
    assert "training.parallel: of 2 processes on 1 node(s), at least one failed" in printed
