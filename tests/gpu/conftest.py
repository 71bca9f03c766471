"""Tests on a GPU: skipped where there is none, without importing any model code.

They need no network: the models are made here. ``GPU_TESTS_DRY_RUN=1 pytest tests/gpu`` runs them at a tiny size on any
device, to check the tests themselves.
"""

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from small_world import World, simulate

IS_DRY_RUN = os.environ.get("GPU_TESTS_DRY_RUN") == "1"
REASON = "needs a GPU, and torch finds none"


@dataclass(frozen=True)
class Scale:
    """Sizes of the models and of the work."""

    people: int  # in the simulated world
    width: int  # hidden size of the pretrained model
    layers: int  # of the pretrained model
    pretraining_rate: float
    lora_rate: float
    full_rate: float
    random_width: int  # hidden size of the models with random weights
    random_layers: int
    questions: int  # that the engine labels in a round
    slow_questions: int  # that generate labels in a round


GPU = Scale(300, 768, 12, 6e-4, 1e-3, 1e-4, 256, 4, questions=128, slow_questions=32)  # 86 M parameters
DRY_RUN = Scale(60, 64, 2, 8e-3, 5e-3, 1e-3, 32, 2, questions=4, slow_questions=2)


@functools.cache
def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


class SkippedModule(pytest.Module):
    """A module of tests that is reported as skipped without importing it."""

    def collect(self) -> Iterator[pytest.Item]:
        raise pytest.skip.Exception(REASON, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if IS_DRY_RUN or has_gpu():
        return None  # as usual
    return SkippedModule.from_parent(parent, path=module_path)


@pytest.fixture(scope="session")
def scale() -> Scale:
    return DRY_RUN if IS_DRY_RUN else GPU


@pytest.fixture(scope="session")
def needs_gpu() -> None:
    if not has_gpu():
        pytest.skip(REASON)


@pytest.fixture(scope="session")
def world(scale) -> World:
    shares = {"train": 0.5, "dev": 0.25, "test": 0.25}
    return simulate(scale.people, shares, exemplar_sets=10, num_fewshot=4, draws=1)


@pytest.fixture(scope="session")
def model_folder(scale, world, tmp_path_factory) -> Path:
    """Pretrain a Llama on the documents of the world, as the workflow does."""
    from gradual_learning.models import pretraining
    from gradual_learning.models.determinism import prepare_torch

    prepare_torch(1)
    folder = tmp_path_factory.mktemp("pretraining")
    settings = pretraining.Pretraining(
        seed=1,
        tokenizer="bytes",
        vocab_size=4000,
        hidden_size=scale.width,
        num_hidden_layers=scale.layers,
        num_attention_heads=max(4, scale.width // 64),
        sequence_length=64,
        batch_size=8,
        learning_rate=scale.pretraining_rate,
        warmup_steps=20,
        decay_share=0.5,
        weight_decay=0.01,
        adam_beta2=0.98,
    )
    log = pretraining.pretrain(world.documents["text"].tolist(), settings, folder, folder / "model")
    assert log[-1]["loss"] < 0.7 * log[0]["loss"]
    return folder / "model"
