"""Timing the machine: models built for it, portions that grow, and what is known of a model without its weights."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, GPT2Config, MambaConfig, Qwen2Config

from gradual_learning import models, training
from gradual_learning.encoding import Encoder
from gradual_learning.plan import blueprint, calibration, prerequisites
from gradual_learning.plan.workload import Amount
from gradual_learning.pretraining import Pretraining
from gradual_learning.sampling import Decoding

SMALL = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 4}
ATTENTION = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64}
CONFIGS = [
    Qwen2Config(**SMALL, **ATTENTION),
    Gemma2Config(**SMALL, **ATTENTION, head_dim=8),
    GPT2Config(vocab_size=300, n_embd=32, n_layer=4, n_head=4),
    MambaConfig(**SMALL, state_size=8),
]
LORA = training.Lora(rank=4, alpha=8, dropout=0.0)
LAYERS = 2


@pytest.fixture(scope="module")
def settings():
    return Pretraining(1, "words", 0, 64, LAYERS, 4, 32, 8, 8e-3, 20, 0.5, 0.01, 0.98)


@pytest.fixture(scope="module")
def model(tiny_world, settings):
    return blueprint.from_documents(tiny_world.documents, tiny_world.facts, settings, models.Loading())


@pytest.fixture(scope="module")
def trial(tiny_world):
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    decoding = Decoding(seed=1, temperature=0.5, top_k=40, max_new_tokens=4)
    return calibration.Trial(
        tiny_world.questions, prompts, decoding, 6, 2048, "Q: {question}\nA:", LORA, {"lora": 8, "full": 8}
    )


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.model_type)
def test_models_for_timing_compute_numbers(config):
    shorter = calibration.build(calibration.shortened(config, 2), torch.float32, "cpu")
    whole = calibration.build(config, torch.float32, "cpu")
    assert shorter.config.num_hidden_layers == 2 and config.num_hidden_layers == 4
    assert shorter.num_parameters() < whole.num_parameters() == blueprint.without_weights(config).num_parameters()
    for built in (shorter, whole):
        assert built(input_ids=torch.tensor([[5, 6, 7]])).logits.isfinite().all()


def test_tied_embeddings_stay_tied():
    config = Qwen2Config(**SMALL, **ATTENTION, tie_word_embeddings=True)
    built = calibration.build(config, torch.float32, "cpu")
    assert built.lm_head.weight is built.model.embed_tokens.weight


def test_layers_are_extrapolated_in_proportion():
    seconds = calibration.extrapolate({"a": 3.0, "b": 2.0}, {"a": 4.0, "b": 1.9}, layers=10)
    assert seconds == {"a": 12.0, "b": 2.0}, "a layer never takes less than no time"


def test_portions_grow_up_to_the_whole():
    portions = []
    seconds = calibration.per_unit(portions.append, most=10)
    assert portions == [1, 8, 10] and 0 < seconds < math.inf


def test_blueprint_knows_what_pretraining_makes(model, tiny_model, settings):
    real = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert model.parameters == real.num_parameters()
    assert model.stored_bytes == model.held_bytes == 4 * model.parameters
    assert model.tokenizer.get_vocab() == models.load_tokenizer(tiny_model).get_vocab()
    sizes = blueprint.sizes(model, {}, settings.batch_size)
    assert sizes.pretraining_steps == -(-len(model.sequences) // 8) and sizes.facts == len(model.statements) > 0


@pytest.mark.parametrize("source", ["hub", "local"])
def test_blueprint_of_an_outline_needs_no_weights(tiny_model, tmp_path, source):
    for file in tiny_model.iterdir():
        if file.suffix == ".json":
            shutil.copy2(file, tmp_path / file.name)
    told = {"source": source, "name": "org/tiny", "path": "my/model", "commit": "0123456789abcdef", "weight_bytes": 777}
    (tmp_path / "model_source.json").write_text(json.dumps(told))
    outline = blueprint.from_outline(tmp_path, tmp_path / "model_source.json", models.Loading("bfloat16", "none"))
    assert outline.name == ("org/tiny at 0123456789ab" if source == "hub" else "my/model")
    assert outline.fetched_bytes == (777 if source == "hub" else 0), "a local folder is linked to"
    assert outline.dtype == torch.bfloat16 and outline.held_bytes == 2 * outline.parameters
    assert blueprint.sizes(outline, {}, 8).pretraining_steps == 0


def test_trainable_weights_are_those_of_real_adapters(model, tiny_model):
    real = AutoModelForCausalLM.from_pretrained(tiny_model)
    adapted = peft.get_peft_model(real, training.adapter_config(LORA, real))
    assert blueprint.count_trainable(model, "lora", LORA) == adapted.get_nb_trainable_parameters()[0]
    assert blueprint.count_trainable(model, "full", LORA) == model.parameters


def test_every_kind_of_work_is_timed(model, trial, tmp_path):
    encoder = Encoder(model.tokenizer)
    lengths = calibration.mean_lengths(trial, encoder, model.statements)
    seconds, measured_on = calibration.calibrate(model, encoder, trial, lengths.answer, tmp_path)
    assert measured_on == "random weights" and all(0 < value < math.inf for value in seconds.values())
    pace = calibration.to_pace(seconds, start=1.0, pretraining_step=0.5)
    assert set(pace.trained) == {"lora", "full"} and isinstance(pace.greedy, Amount)
    assert pace.sampled.expected <= pace.sampled.at_most


def test_the_model_itself_is_timed_where_it_is_there(model, trial, tiny_model):
    alone = replace(trial, batch_sizes={"lora": 8})
    _, measured_on = calibration.calibrate(model, Encoder(model.tokenizer), alone, 3.0, tiny_model)
    assert measured_on == "the base model itself"


def test_a_large_model_is_timed_by_layers(model, trial):
    large = replace(model, parameters=10**15)
    alone = replace(trial, batch_sizes={"lora": 8})
    seconds, measured_on = calibration.calibrate(large, Encoder(model.tokenizer), alone, 3.0, Path("nowhere"))
    assert measured_on == f"random weights in one layer and in two, of {LAYERS}" and seconds["greedy"] > 0


def test_pretraining_is_timed_with_its_own_threads(model, settings):
    before = torch.get_num_threads()
    assert calibration.pretraining_step(model, settings, threads=1) > 0
    assert torch.get_num_threads() == before


def test_lengths_are_those_of_the_texts(model, trial):
    encoder = Encoder(model.tokenizer)
    lengths = calibration.mean_lengths(trial, encoder, [])
    one = trial.prompts["text"].iloc[0]
    assert abs(lengths.examples - len(encoder.prompts([one])[0])) < 5
    assert 0 < lengths.question < lengths.examples and lengths.answer > 1 and lengths.statement == 0


def test_more_rows_and_longer_batches_need_more_memory(model, trial):
    lengths = calibration.mean_lengths(trial, Encoder(model.tokenizer), [])

    def needed(**changes):
        return prerequisites.memory_needed(model, replace(trial, **changes), lengths, {"lora": 100})

    assert needed() > model.held_bytes
    assert needed(samples=60) > needed() and needed(samples=60, batch_tokens=100) < needed(samples=60)
    assert needed(batch_sizes={"lora": 10**6}) > needed()


def test_4bit_asks_for_its_library():
    there = prerequisites.check_model("tiny", 10, 40, "none")
    asked = prerequisites.check_model("tiny", 10, 40, "4bit")
    assert there.passed and (asked.passed or "pip install bitsandbytes" in asked.remedy)
