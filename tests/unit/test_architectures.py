"""Any causal language model: eight families and three kinds of tokenizers, sampled, trained, merged and evaluated.

All models have random weights, spread widely so that no two tokens are about equally likely.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, set_seed

import stages
from gradual_learning import labelling, models, rows, streams, training
from gradual_learning.encoding import Encoder
from gradual_learning.sampling import Decoding, Engine

SIZE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
GROUPED = SIZE | {"num_key_value_heads": 2, "head_dim": 8}
DECODING = Decoding(seed=3, temperature=2.0, top_k=12, max_new_tokens=6)


@dataclass(frozen=True)
class Family:
    """An architecture, the tokenizer it comes with, and the fastest way that suits it."""

    type: str
    tokenizer: str
    way: type
    config: dict


FAMILIES = {
    "qwen2": Family("qwen2", "bytes", rows.Shared, GROUPED | {"tie_word_embeddings": True}),
    "qwen3": Family("qwen3", "bytes", rows.Shared, GROUPED),
    "llama": Family("llama", "pieces", rows.Shared, GROUPED),
    "mistral, short window": Family("mistral", "pieces", rows.Recomputed, GROUPED | {"sliding_window": 12}),
    "mistral, long window": Family("mistral", "pieces", rows.Copied, GROUPED | {"sliding_window": 512}),
    "gemma2": Family("gemma2", "pieces", rows.Recomputed, GROUPED | {"sliding_window": 12}),
    "gpt2": Family("gpt2", "bytes", rows.Shared, {"n_embd": 32, "n_layer": 2, "n_head": 4}),
    "phi": Family("phi", "words", rows.Shared, SIZE),
    "gpt_neox": Family("gpt_neox", "words", rows.Shared, SIZE),
    "opt": Family("opt", "bytes", rows.Shared, SIZE | {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "bloom": Family("bloom", "bytes", rows.Copied, {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "mamba": Family("mamba", "words", rows.Recomputed, {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}),
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def folder(family, tokenizers, tmp_path_factory) -> Path:
    """Save a model and its tokenizer the way models are published."""
    place, tokenizer = tmp_path_factory.mktemp(family.type), tokenizers[family.tokenizer]
    set_seed(0)
    ends = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id")}
    config = CONFIG_MAPPING[family.type](
        vocab_size=len(tokenizer), initializer_range=0.3, pad_token_id=tokenizer.eos_token_id, **ends, **family.config
    )
    for part in (AutoModelForCausalLM.from_config(config), tokenizer):
        part.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def encoder(folder):
    return Encoder(models.load_tokenizer(folder))


@pytest.fixture(scope="module")
def asked(tiny_world):
    chosen = tiny_world.questions[tiny_world.questions["split"] == "train"].iloc[::6]
    return labelling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])[:24]


def test_the_fastest_way_that_is_right_is_found_and_answers_as_generate_does(family, folder, encoder, asked):
    engine = Engine(models.load_model(folder), encoder, 2000)
    answers = list(engine.answer(asked, DECODING, 0))
    assert engine.way is family.way
    for answer in answers[::3]:
        start = torch.tensor(encoder.prompts([answer.prompt.text]))
        whole = engine.model.generate(
            start, max_new_tokens=DECODING.max_new_tokens, do_sample=False, eos_token_id=engine.stops.tolist()
        )
        assert answer.greedy == encoder.texts(whole[:, start.shape[1] :].tolist())[0]
    assert len({answer.greedy for answer in answers}) > 1


def test_samples_are_those_drawn_alone_without_a_cache(folder, encoder, asked):
    engine = Engine(models.load_model(folder), encoder, 2000)
    drawn = {(answer.prompt.id, answer.prompt.number): answer.samples for answer in engine.answer(asked, DECODING, 3)}
    for prompt in asked[:4]:
        assert drawn[prompt.id, prompt.number] == [_alone(engine, prompt, sample) for sample in range(3)]
    assert len({text for texts in drawn.values() for text in texts}) > 10


def _alone(engine, prompt, sample):
    """Draw one sample with a plain forward pass for every token."""
    [start] = engine.encoder.prompts([prompt.text])
    tokens, key = list(start), np.array([int(prompt.id, 16)], dtype=np.uint64)
    for step in range(DECODING.max_new_tokens):
        with torch.inference_mode():
            values, ids = engine.model(torch.tensor([tokens])).logits[0, -1].double().topk(DECODING.top_k)
        cumulative = torch.softmax(values / DECODING.temperature, -1).cumsum(-1).numpy()
        u = streams.uniforms(DECODING.seed, key, np.array([prompt.number]), np.array([sample]), step)[0]
        tokens.append(int(ids[min(np.searchsorted(cumulative, u, side="right"), DECODING.top_k - 1)]))
        if tokens[-1] in engine.stops:
            break
    return engine.encoder.texts([[token for token in tokens[len(start) :] if token not in engine.ends]])[0]


def _settings(**changes):
    return dataclasses.replace(stages.SETTINGS, max_epochs=3, **changes)


def _train(folder, encoder, questions, place, settings, parent=None):
    """Train on questions; return the losses of the epochs and the model as it was left."""
    model = training.trainable_model(str(folder), parent, settings)
    taught = questions[["id", "question", "answers"]].to_dict("records")
    steps = iter(range(99))
    outcome = training.finetune(
        model, encoder, taught, lambda: {"validation_accuracy": next(steps)}, settings, stages.folders(place)
    )
    return [epoch["train_loss"] for epoch in outcome.epochs[1:]], model.eval()


@torch.inference_mode()
def _logits(model, encoder, questions):
    rows = encoder.prompts([f"Q: {text}\nA:" for text in questions["question"].head(4)])
    return torch.stack([model(torch.tensor([row])).logits[0, -1].float() for row in rows])


def _off(told, meant):
    """Return how far logits are off, in units of their spread."""
    return float((told - meant).square().mean().sqrt() / meant.std())


@pytest.fixture(scope="module")
def taught(tiny_world):
    return tiny_world.questions[tiny_world.questions["split"] == "train"].head(16)


def test_adapters_learn_are_continued_merged_and_evaluated(folder, encoder, taught, tmp_path):
    first, model = _train(folder, encoder, taught, tmp_path / "first", _settings())
    assert first[-1] < first[0]
    merged = models.load_model(folder, tmp_path / "first" / "best")
    assert not hasattr(merged, "get_base_model")
    assert _off(_logits(merged, encoder, taught), _logits(model, encoder, taught)) < 1e-4
    assert _off(_logits(merged, encoder, taught), _logits(models.load_model(folder), encoder, taught)) > 1e-2
    second, _ = _train(folder, encoder, taught, tmp_path / "on", _settings(), str(tmp_path / "first" / "best"))
    assert second[0] < first[0]
    adapted, whole = Engine(model, encoder, 500), Engine(merged, encoder, 500)
    table = labelling.answer_zero_shot(adapted, taught, "Q: {question}\nA:", DECODING)
    assert table["id"].tolist() == taught["id"].tolist()
    pd.testing.assert_frame_equal(table, labelling.answer_zero_shot(whole, taught, "Q: {question}\nA:", DECODING))


def test_all_weights_are_trained_and_come_back_equal(folder, encoder, taught, tmp_path):
    losses, model = _train(folder, encoder, taught, tmp_path, _settings(method="full", learning_rate=1e-3))
    assert losses[-1] < losses[0]
    again = models.load_model(folder, tmp_path / "best")
    assert torch.equal(_logits(again, encoder, taught), _logits(model, encoder, taught))
    tied = [m.get_input_embeddings().weight is m.get_output_embeddings().weight for m in (model, again)]
    assert tied[0] == tied[1] == models.read_config(folder).tie_word_embeddings
