"""Timing the machine: models with random weights, portions that grow, and every kind of work."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import Gemma2Config, GPT2Config, MambaConfig, Qwen2Config

from gradual_learning.models.architecture import shortened
from gradual_learning.plan import calibration, cost, model_spec
from gradual_learning.plan.cost import Cost

SMALL = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 4}
ATTENTION = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64}
CONFIGS = [
    Qwen2Config(**SMALL, **ATTENTION),
    Gemma2Config(**SMALL, **ATTENTION, head_dim=8),
    GPT2Config(vocab_size=300, n_embd=32, n_layer=4, n_head=4),
    MambaConfig(**SMALL, state_size=8),
]
NO_FOLDER = Path("no/such/folder")


@pytest.fixture(autouse=True)
def short_portions(monkeypatch):
    monkeypatch.setattr(cost, "BUDGET", 0.1)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.model_type)
def test_random_weights_give_finite_logits(config):
    shorter = calibration.build(shortened(config, 2), torch.float32, "cpu")
    whole = calibration.build(config, torch.float32, "cpu")
    assert shorter.config.num_hidden_layers == 2 and config.num_hidden_layers == 4
    assert shorter.num_parameters() < whole.num_parameters() == model_spec.without_weights(config).num_parameters()
    for model in (shorter, whole):
        assert model(input_ids=torch.tensor([[5, 6, 7]])).logits.isfinite().all()


def test_tied_embeddings_stay_tied():
    config = Qwen2Config(**SMALL, **ATTENTION, tie_word_embeddings=True)
    model = calibration.build(config, torch.float32, "cpu")
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_layers_are_extrapolated_linearly():
    costs = calibration.extrapolate({"a": Cost(3.0, 1.0)}, {"a": Cost(2.9, 1.5)}, layers=10)
    assert costs == {"a": Cost(3.0, 5.5)}, "the time of a layer is never negative"


def test_every_kind_of_work_is_timed(changed):
    workload = changed(strategies={"full": ["unused"]})
    timings = calibration.calibrate(workload, NO_FOLDER, import_seconds=3.0, pretraining_threads=1)
    assert timings.model == "random weights"
    assert timings.start == 3.0 + workload.spec.stored_bytes / calibration.BYTES_PER_SECOND
    assert set(timings.trained) == set(workload.batch_sizes) == {"lora", "full"}
    costs = [*timings.expected.values(), *timings.at_most.values(), *timings.trained.values()]
    assert all(0 < value < math.inf for value in [*(one.marginal for one in costs), timings.pretraining_step])
    assert all(one.fixed >= 0 for one in costs)
    assert all(
        timings.at_most[kind] == timings.at_most[kind].at_least(timings.expected[kind]) for kind in calibration.KINDS
    )


def test_an_existing_base_model_is_timed(changed, tiny_model):
    elsewhere = replace(changed().spec, sequences=torch.empty(0, 0))
    timings = calibration.calibrate(changed(spec=elsewhere), tiny_model, 3.0, pretraining_threads=1)
    assert timings.model == "the base model" and timings.pretraining_step == 0


def test_a_large_model_is_timed_by_layers(changed):
    large = replace(changed().spec, parameters=10**15)
    timings = calibration.calibrate(changed(spec=large), NO_FOLDER, 3.0, pretraining_threads=1)
    layers = large.config.num_hidden_layers
    assert timings.model == f"random weights, extrapolated from 1 and 2 layers to {layers}"
    assert timings.expected["greedy"].marginal > 0


def test_pretraining_is_timed_with_its_own_threads(workload):
    before = torch.get_num_threads()
    assert calibration.time_pretraining_step(workload, threads=1) > 0
    assert torch.get_num_threads() == before
