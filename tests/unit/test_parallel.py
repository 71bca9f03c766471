"""Several processes that train one stage: they see what one process sees, and fail as one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import spread_training
from gradual_learning import records

pytestmark = pytest.mark.slow
QUESTIONS = 32  # whole batches alone: of a broken one each process would take more than its share


@pytest.fixture(scope="module")
def train(tiny_world, tiny_model, tmp_path_factory):
    """Train in so many processes; return the epochs and the weights."""
    questions = tmp_path_factory.mktemp("inputs") / "questions.parquet"
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(QUESTIONS)
    records.write_table(table, records.QUESTIONS, questions)

    def start(count, accumulation=1, kind="whole", method="lora", fails=False):
        place = tmp_path_factory.mktemp("trained")
        script = Path(spread_training.__file__)
        paths = [Path(item) for item in sys.path if "gradual" in item or "tools" in item or "workflow_scripts" in item]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        command = [sys.executable, script, str(count), str(accumulation), kind, method, tiny_model, questions, place]
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


FEW_GPUS = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="weights are spread over GPUs alone")


@pytest.mark.parametrize("kind", ["whole", pytest.param("sharded", marks=FEW_GPUS)])
def test_two_processes_train_as_one_with_twice_the_accumulation(kind, train, alone):
    epochs, weights = train(2, kind=kind)
    assert {epoch["sharded"] for epoch in epochs[1:]} == {float(kind == "sharded")}
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
