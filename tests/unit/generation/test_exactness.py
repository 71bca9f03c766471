"""The basis of labels, at scale: exact greedy answers, samples with the exact distribution, stable labels.

All models are in float32.
"""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, set_seed

from gradual_learning.data import subsets
from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge import labeling
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.knowledge.sampling import sample_at_once
from gradual_learning.knowledge.slick import categorize
from gradual_learning.models.loading import load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder

SAMPLES = 100_000
SAMPLES_PER_PROMPT = 4_000  # a prompt has streams for 4,096 samples
SIZE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
FAMILIES = {  # type, tokenizer, size
    "llama": ("pieces", SIZE | {"num_key_value_heads": 2}),
    "gpt2": ("bytes", {"n_embd": 32, "n_layer": 2, "n_head": 4}),
    "qwen3": ("words", SIZE | {"num_key_value_heads": 2, "head_dim": 8}),
}


@pytest.fixture(scope="module")
def every_prompt(tiny_world):
    """2,160 prompts: every question under every exemplar set of both draws."""
    draws = [tiny_world.prompts[tiny_world.prompts["draw"] == draw] for draw in (0, 1)]
    return [prompt for prompts in draws for prompt in labeling.few_shot_prompts(tiny_world.questions, prompts)]


def _generated(engine, texts, new, size=128):
    """Answer greedily with ``generate``, in batches of prompts of similar length, padded on the left."""
    pad, tokens = engine.encoder.eos_token_id, engine.encoder.encode_prompts(texts)
    order, answers = sorted(range(len(texts)), key=lambda place: len(tokens[place])), {}
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        longest = len(tokens[chosen[-1]])
        ids = torch.tensor([[pad] * (longest - len(tokens[place])) + tokens[place] for place in chosen])
        mask = torch.tensor([[0] * (longest - len(tokens[place])) + [1] * len(tokens[place]) for place in chosen])
        whole = engine.model.generate(
            ids, attention_mask=mask, max_new_tokens=new, do_sample=False, eos_token_id=engine.stop_tokens.tolist()
        )
        answers |= zip(chosen, engine.encoder.decode(whole[:, longest:].tolist()), strict=True)
    return [answers[place] for place in range(len(texts))]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_answers_to_thousands_of_prompts_equal_those_of_generate(family, tokenizers, every_prompt):
    kind, size = FAMILIES[family]
    tokenizer = tokenizers[kind]
    ends = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.eos_token_id}
    set_seed(0)
    config = CONFIG_MAPPING[family](vocab_size=len(tokenizer), initializer_range=0.3, **ends, **size)
    engine = Engine(AutoModelForCausalLM.from_config(config).eval(), Encoder(tokenizer), 8192)
    prompts = [Prompt(f"{place:016x}", 0, prompt.group, prompt.text) for place, prompt in enumerate(every_prompt)]
    answers = {answer.prompt.id: answer.greedy for answer in engine.answer(prompts, Decoding(max_new_tokens=6), 0)}
    assert len(prompts) * len(FAMILIES) > 5_000 and len(set(answers.values())) > 20
    assert [answers[prompt.id] for prompt in prompts] == _generated(engine, [prompt.text for prompt in prompts], 6)


@torch.inference_mode()
def _probabilities(engine, text, decoding):
    """Return the probability of every answer, from plain forward passes over whole texts."""
    [start] = engine.encoder.encode_prompts([text])
    total, unfinished = defaultdict(float), {(): 1.0}
    for step in range(decoding.max_new_tokens):
        longer = {}
        for tokens, probability in unfinished.items():
            values, ids = engine.model(torch.tensor([[*start, *tokens]])).logits[0, -1].double().topk(decoding.top_k)
            shares = torch.softmax(values / decoding.temperature, -1)
            for token, share in zip(ids.tolist(), shares.tolist(), strict=True):
                longer[*tokens, token] = probability * share
        ended = {tokens for tokens in longer if tokens[-1] in engine.stop_tokens or step + 1 == decoding.max_new_tokens}
        for tokens in ended:
            [answer] = engine.encoder.decode([[token for token in tokens if token not in engine.end_tokens]])
            total[answer] += longer[tokens]
        unfinished = {tokens: probability for tokens, probability in longer.items() if tokens not in ended}
    return total


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, 4), (2.5, 9)])
def test_a_hundred_thousand_samples_have_the_exact_distribution(temperature, top_k, tiny_model, every_prompt):
    engine = Engine(load_model(tiny_model), Encoder(load_tokenizer(tiny_model)), 4096)
    decoding, text = Decoding(5, temperature, top_k, 2), every_prompt[0].text
    prompts = [Prompt(f"{number:016x}", 0, "one", text) for number in range(SAMPLES // SAMPLES_PER_PROMPT)]
    answers = engine.answer(prompts, decoding, SAMPLES_PER_PROMPT, greedy=False)
    counts = Counter(text for answer in answers for text in answer.samples)
    assert counts.total() == SAMPLES
    probabilities = _probabilities(engine, text, decoding)
    assert set(counts) <= set(probabilities)
    frequent = [text for text, probability in probabilities.items() if probability * SAMPLES >= 5]
    expected = np.array([probabilities[text] * SAMPLES for text in frequent])
    observed = np.array([counts[text] for text in frequent])
    rare = [SAMPLES - observed.sum()], [SAMPLES - expected.sum()]
    observed, expected = (np.append(one, rest) for one, rest in zip((observed, expected), rare, strict=True))
    possible = expected >= 1e-6
    assert observed[~possible].sum() == 0 and possible.sum() > 5
    assert stats.chisquare(observed[possible], expected[possible]).pvalue > 0.001


def test_labels_do_not_depend_on_batch_size_shards_or_order(tiny_model, tiny_world):
    chosen = subsets.choose_questions(tiny_world.questions, "train", 0, 1)
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    model, encoder = load_model(tiny_model), Encoder(load_tokenizer(tiny_model))

    def labels(budget, shards, ordered):
        engine, found = Engine(model, encoder, budget), {}
        for shard in range(shards):
            part = ordered.iloc[shard::shards]
            answers = sample_at_once(engine, labeling.few_shot_prompts(part, prompts), Decoding(1, 0.9, 40, 6), 8)
            table = categorize(answers, part, AnswerMatcher())
            found |= zip(table["id"], table["category"], strict=True)
        return found

    whole = labels(16384, 1, chosen)
    assert len(set(whole.values())) >= 3
    assert labels(400, 3, chosen) == labels(2048, 7, chosen.sample(frac=1, random_state=0)) == whole
