"""What labels rest on, at scale: greedy answers are the model's, samples have its distribution, labels are fixed.

All in 32 bits.
"""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, set_seed

from gradual_learning import labelling, models, splits
from gradual_learning.answers import Judge
from gradual_learning.categories import categorize
from gradual_learning.encoding import Encoder
from gradual_learning.sampling import Decoding, Engine, Prompt

DRAWS = 100_000
A_PROMPT = 4_000  # a prompt has streams for 4,096 samples
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
    return [prompt for prompts in draws for prompt in labelling.few_shot_prompts(tiny_world.questions, prompts)]


def _generated(engine, texts, new, size=128):
    """Answer greedily with ``generate``, in batches of prompts of about the same length, padded on the left."""
    pad, tokens = engine.encoder.end, engine.encoder.prompts(texts)
    order, answers = sorted(range(len(texts)), key=lambda place: len(tokens[place])), {}
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        longest = len(tokens[chosen[-1]])
        ids = torch.tensor([[pad] * (longest - len(tokens[place])) + tokens[place] for place in chosen])
        own = torch.tensor([[0] * (longest - len(tokens[place])) + [1] * len(tokens[place]) for place in chosen])
        whole = engine.model.generate(
            ids, attention_mask=own, max_new_tokens=new, do_sample=False, eos_token_id=engine.stops.tolist()
        )
        answers |= zip(chosen, engine.encoder.texts(whole[:, longest:].tolist()), strict=True)
    return [answers[place] for place in range(len(texts))]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_answers_to_thousands_of_prompts_are_those_of_generate(family, tokenizers, every_prompt):
    kind, size = FAMILIES[family]
    tokenizer = tokenizers[kind]
    ends = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.eos_token_id}
    set_seed(0)
    config = CONFIG_MAPPING[family](vocab_size=len(tokenizer), initializer_range=0.3, **ends, **size)
    engine = Engine(AutoModelForCausalLM.from_config(config).eval(), Encoder(tokenizer), 8192)
    asked = [Prompt(f"{place:016x}", 0, prompt.group, prompt.text) for place, prompt in enumerate(every_prompt)]
    answers = {answer.prompt.id: answer.greedy for answer in engine.answer(asked, Decoding(max_new_tokens=6), 0)}
    assert len(asked) * len(FAMILIES) > 5_000 and len(set(answers.values())) > 20
    assert [answers[prompt.id] for prompt in asked] == _generated(engine, [prompt.text for prompt in asked], 6)


@torch.inference_mode()
def _chances(engine, text, decoding):
    """Return the chance of every answer, from plain forward passes over whole texts."""
    [start] = engine.encoder.prompts([text])
    chances, open_ends = defaultdict(float), {(): 1.0}
    for step in range(decoding.max_new_tokens):
        longer = {}
        for said, chance in open_ends.items():
            values, ids = engine.model(torch.tensor([[*start, *said]])).logits[0, -1].double().topk(decoding.top_k)
            shares = torch.softmax(values / decoding.temperature, -1)
            longer |= {
                (*said, token): chance * share for token, share in zip(ids.tolist(), shares.tolist(), strict=True)
            }
        ended = {said for said in longer if said[-1] in engine.stops or step + 1 == decoding.max_new_tokens}
        for said in ended:
            chances[engine.encoder.texts([[token for token in said if token not in engine.ends]])[0]] += longer[said]
        open_ends = {said: chance for said, chance in longer.items() if said not in ended}
    return chances


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, 4), (2.5, 9)])
def test_a_hundred_thousand_samples_have_the_exact_distribution(temperature, top_k, tiny_model, every_prompt):
    engine = Engine(models.load_model(tiny_model), Encoder(models.load_tokenizer(tiny_model)), 4096)
    decoding = Decoding(5, temperature, top_k, 2)
    asked = [Prompt(f"{number:016x}", 0, "one", every_prompt[0].text) for number in range(DRAWS // A_PROMPT)]
    drawn = Counter(text for answer in engine.answer(asked, decoding, A_PROMPT, False) for text in answer.samples)
    chances = _chances(engine, every_prompt[0].text, decoding)
    assert set(drawn) <= set(chances)
    often = [text for text, chance in chances.items() if chance * DRAWS >= 5]
    expected = np.array([chances[text] * DRAWS for text in often])
    observed = np.array([drawn[text] for text in often])
    rare = [DRAWS - observed.sum()], [DRAWS - expected.sum()]
    observed, expected = (np.append(one, rest) for one, rest in zip((observed, expected), rare, strict=True))
    kept = expected >= 1e-6
    assert observed[~kept].sum() == 0 and kept.sum() > 5
    assert stats.chisquare(observed[kept], expected[kept]).pvalue > 0.001


def test_labels_do_not_change_with_batch_size_number_of_shards_or_order(tiny_model, tiny_world):
    chosen = splits.choose_questions(tiny_world.questions, "train", 0, 1)
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    model, encoder = models.load_model(tiny_model), Encoder(models.load_tokenizer(tiny_model))

    def labels(budget, shards, ordered):
        engine, found = Engine(model, encoder, budget), {}
        for shard in range(shards):
            part = ordered.iloc[shard::shards]
            answers = labelling.label_at_once(
                engine, labelling.few_shot_prompts(part, prompts), Decoding(1, 0.9, 40, 6), 8
            )
            table = categorize(answers, part, Judge())
            found |= zip(table["id"], table["category"], strict=True)
        return found

    whole = labels(16384, 1, chosen)
    assert len(set(whole.values())) >= 3
    assert labels(400, 3, chosen) == labels(2048, 7, chosen.sample(frac=1, random_state=0)) == whole
