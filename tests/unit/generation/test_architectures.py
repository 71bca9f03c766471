"""All causal language models: eleven families, three kinds of tokenizers; sampled, trained, merged and evaluated.

The weights are random, with a large variance so that no two tokens are about equally likely.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, set_seed

import training_settings
from gradual_learning.generation import cache_strategies, random_streams
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.generation.strategy_choice import choose_strategy
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import Loading, load_model, load_tokenizer, read_config
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training import finetuning
from gradual_learning.training.trainable_model import load_trainable_model

SIZE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
GROUPED = SIZE | {"num_key_value_heads": 2, "head_dim": 8}
DECODING = Decoding(seed=3, temperature=2.0, top_k=12, max_new_tokens=6)


@dataclass(frozen=True)
class Family:
    """An architecture, the kind of its tokenizer, and the fastest cache strategy that it supports."""

    model_type: str
    tokenizer: str
    strategy: type
    config: dict


FAMILIES = {
    "qwen2": Family("qwen2", "bytes", cache_strategies.SharedPrefix, GROUPED | {"tie_word_embeddings": True}),
    "qwen3": Family("qwen3", "bytes", cache_strategies.SharedPrefix, GROUPED),
    "llama": Family("llama", "pieces", cache_strategies.SharedPrefix, GROUPED),
    "mistral, short window": Family("mistral", "pieces", cache_strategies.NoCache, GROUPED | {"sliding_window": 12}),
    "mistral, long window": Family(
        "mistral", "pieces", cache_strategies.CopiedPrefix, GROUPED | {"sliding_window": 512}
    ),
    "gemma2": Family("gemma2", "pieces", cache_strategies.NoCache, GROUPED | {"sliding_window": 12}),
    "gpt2": Family("gpt2", "bytes", cache_strategies.SharedPrefix, {"n_embd": 32, "n_layer": 2, "n_head": 4}),
    "phi": Family("phi", "words", cache_strategies.SharedPrefix, SIZE),
    "gpt_neox": Family("gpt_neox", "words", cache_strategies.SharedPrefix, SIZE),
    "opt": Family("opt", "bytes", cache_strategies.SharedPrefix, SIZE | {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "bloom": Family("bloom", "bytes", cache_strategies.CopiedPrefix, {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "mamba": Family(
        "mamba", "words", cache_strategies.NoCache, {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
    ),
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def folder(family, tokenizers, tmp_path_factory) -> Path:
    """Save a model and its tokenizer in the layout of published models."""
    place, tokenizer = tmp_path_factory.mktemp(family.model_type), tokenizers[family.tokenizer]
    set_seed(0)
    ends = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id")}
    config = CONFIG_MAPPING[family.model_type](
        vocab_size=len(tokenizer), initializer_range=0.3, pad_token_id=tokenizer.eos_token_id, **ends, **family.config
    )
    for part in (AutoModelForCausalLM.from_config(config), tokenizer):
        part.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def encoder(folder):
    return Encoder(load_tokenizer(folder))


@pytest.fixture(scope="module")
def prompts(tiny_world):
    chosen = tiny_world.questions[tiny_world.questions["split"] == "train"].iloc[::6]
    return labeling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])[:24]


def test_the_fastest_exact_strategy_is_chosen_and_answers_equal_those_of_generate(family, folder, encoder, prompts):
    engine = Engine(load_model(folder), encoder, 2000)
    answers = list(engine.answer(prompts, DECODING, 0))
    assert engine.strategy is family.strategy
    for answer in answers[::3]:
        start = torch.tensor(encoder.encode_prompts([answer.prompt.text]))
        whole = engine.model.generate(
            start, max_new_tokens=DECODING.max_new_tokens, do_sample=False, eos_token_id=engine.stop_tokens.tolist()
        )
        assert answer.greedy == encoder.decode(whole[:, start.shape[1] :].tolist())[0]
    assert len({answer.greedy for answer in answers}) > 1


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_rounding_to_16_bits_never_changes_the_strategy(dtype, family, folder, encoder, prompts):
    model, rng = load_model(folder, loading=Loading(dtype)), torch.random.get_rng_state()
    texts = [encoder.encode_prompts([prompt.text])[0] for prompt in prompts[:8]]
    chosen = {choose_strategy(model, (text * 64)[:64], encoder.eos_token_id, 2000) for text in texts}
    assert chosen == {family.strategy}
    assert torch.equal(rng, torch.random.get_rng_state())


def test_samples_equal_those_drawn_alone_without_a_cache(folder, encoder, prompts):
    engine = Engine(load_model(folder), encoder, 2000)
    drawn = {(answer.prompt.id, answer.prompt.number): answer.samples for answer in engine.answer(prompts, DECODING, 3)}
    for prompt in prompts[:4]:
        assert drawn[prompt.id, prompt.number] == [_reference_sample(engine, prompt, sample) for sample in range(3)]
    assert len({text for texts in drawn.values() for text in texts}) > 10


def _reference_sample(engine, prompt, sample):
    """Draw one sample with a plain forward pass for every token."""
    [start] = engine.encoder.encode_prompts([prompt.text])
    tokens, key = list(start), np.array([int(prompt.id, 16)], dtype=np.uint64)
    for step in range(DECODING.max_new_tokens):
        with torch.inference_mode():
            values, ids = engine.model(torch.tensor([tokens])).logits[0, -1].double().topk(DECODING.top_k)
        cumulative = torch.softmax(values / DECODING.temperature, -1).cumsum(-1).numpy()
        u = random_streams.uniforms(DECODING.seed, key, np.array([prompt.number]), np.array([sample]), step)[0]
        tokens.append(int(ids[min(np.searchsorted(cumulative, u, side="right"), DECODING.top_k - 1)]))
        if tokens[-1] in engine.stop_tokens:
            break
    return engine.encoder.decode([[token for token in tokens[len(start) :] if token not in engine.end_tokens]])[0]


def _settings(**changes):
    return dataclasses.replace(training_settings.SETTINGS, num_train_epochs=3, **changes)


def _train(folder, encoder, questions, place, settings, parent=None):
    """Train on questions; return the loss of each epoch and the trained model."""
    model = load_trainable_model(str(folder), parent, settings)
    rows = questions[["id", "question", "answers"]].to_dict("records")
    steps = iter(range(99))
    outcome = finetuning.finetune(
        model, encoder, rows, lambda: {"validation_accuracy": next(steps)}, settings, training_settings.folders(place)
    )
    return [epoch["train_loss"] for epoch in outcome.epochs[1:]], model.eval()


@torch.inference_mode()
def _logits(model, encoder, questions):
    rows = encoder.encode_prompts([f"Q: {text}\nA:" for text in questions["question"].head(4)])
    return torch.stack([model(torch.tensor([row])).logits[0, -1].float() for row in rows])


def _relative_error(actual, expected):
    """Return the root mean square error of logits, in units of their standard deviation."""
    return float((actual - expected).square().mean().sqrt() / expected.std())


@pytest.fixture(scope="module")
def questions(tiny_world):
    return tiny_world.questions[tiny_world.questions["split"] == "train"].head(16)


@pytest.mark.slow
def test_an_adapter_is_trained_continued_merged_and_evaluated(folder, encoder, questions, tmp_path):
    first, model = _train(folder, encoder, questions, tmp_path / "first", _settings())
    assert first[-1] < first[0]
    merged = load_model(folder, tmp_path / "first" / "best")
    assert not hasattr(merged, "get_base_model")
    assert _relative_error(_logits(merged, encoder, questions), _logits(model, encoder, questions)) < 1e-4
    assert _relative_error(_logits(merged, encoder, questions), _logits(load_model(folder), encoder, questions)) > 1e-2
    second, _ = _train(folder, encoder, questions, tmp_path / "second", _settings(), str(tmp_path / "first" / "best"))
    assert second[0] < first[0]
    adapted, whole = Engine(model, encoder, 500), Engine(merged, encoder, 500)
    table = labeling.answer_zero_shot(adapted, questions, "Q: {question}\nA:", DECODING)
    assert table["id"].tolist() == questions["id"].tolist()
    pd.testing.assert_frame_equal(table, labeling.answer_zero_shot(whole, questions, "Q: {question}\nA:", DECODING))


def test_all_weights_are_trained_saved_and_loaded_unchanged(folder, encoder, questions, tmp_path):
    losses, model = _train(folder, encoder, questions, tmp_path, _settings(method="full", learning_rate=1e-3))
    assert losses[-1] < losses[0]
    loaded = load_model(folder, tmp_path / "best")
    assert torch.equal(_logits(loaded, encoder, questions), _logits(model, encoder, questions))
    tied = [m.get_input_embeddings().weight is m.get_output_embeddings().weight for m in (model, loaded)]
    assert tied[0] == tied[1] == read_config(folder).tie_word_embeddings
