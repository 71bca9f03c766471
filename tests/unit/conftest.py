"""A tiny world and a model that has really read it, shared by the tests that need a model."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from gradual_learning import prompts, questions, world


@dataclass(frozen=True)
class TinyWorld:
    facts: pd.DataFrame
    documents: pd.DataFrame
    questions: pd.DataFrame
    prompts: pd.DataFrame


@pytest.fixture(scope="session")
def tiny_world() -> TinyWorld:
    shares = {"train": 0.4, "dev": 0.3, "test": 0.3}
    facts = world.split_subjects(world.invent_facts(90, seed=1), shares, seed=1)
    exposure, taught, opening = world.Exposure(1, 24, 0.5), world.Taught(0.1, 8), world.Opening(16, 0.3)
    facts = world.with_ids(world.expose(facts, exposure, taught, opening, seed=1))
    documents = world.write_documents(facts, templates=2, opening_share=0.3, seed=1)
    table, _ = questions.prepare(world.to_questions(facts), multiple_answers="any", relations=[], limits={}, seed=1)
    dev = table[table["split"] == "dev"]
    return TinyWorld(facts, documents, table, prompts.draw_exemplars(dev, sets=3, shots=2, draws=2, seed=1))


@pytest.fixture(scope="session")
def tiny_model(tiny_world, tmp_path_factory) -> Path:
    from gradual_learning import pretraining, runtime

    runtime.prepare_torch(1)
    folder = tmp_path_factory.mktemp("pretraining")
    settings = pretraining.Pretraining(
        seed=1,
        tokenizer="words",
        vocabulary=0,
        hidden_size=64,
        layers=2,
        heads=4,
        sequence_length=32,
        batch_size=8,
        learning_rate=8e-3,
        warmup_steps=20,
        decay_share=0.5,
        weight_decay=0.01,
        beta2=0.98,
    )
    pretraining.pretrain(tiny_world.documents["text"].tolist(), settings, folder, resume=None)
    return folder / pretraining.FINISHED
