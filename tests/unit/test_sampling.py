"""The engine against slow references: the same answers as one row at a time, whatever the batch, shard or order."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from gradual_learning import labelling, models, pretraining, rows, splits, streams
from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError
from gradual_learning.sampling import Decoding, Engine, Prompt

DECODING = Decoding(seed=3, temperature=0.8, top_k=12, max_new_tokens=5)


@pytest.fixture(scope="module")
def asked(tiny_world):
    chosen = splits.choose_questions(tiny_world.questions, "train", 0, 1).iloc[::9]
    return labelling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])


def _engine(folder, budget=4096):
    return Engine(models.load_model(folder), Encoder(models.load_tokenizer(folder)), budget)


def _answers(engine, asked, samples=6, greedy=True):
    given = engine.answer(asked, DECODING, samples, greedy)
    return {(answer.prompt.id, answer.prompt.number): (answer.greedy, answer.samples) for answer in given}


def _one_by_one(engine, prompt, sample):
    """Draw one sample with a full forward pass for every token and no cache."""
    start = engine.encoder.prompts([prompt.text])[0]
    tokens = list(start)
    for step in range(DECODING.max_new_tokens):
        logits = engine.model(torch.tensor([tokens])).logits[0, -1].double()
        if sample is None:
            token = int(logits.argmax())
        else:
            values, ids = logits.topk(DECODING.top_k)
            cumulative = torch.softmax(values / DECODING.temperature, -1).cumsum(-1).numpy()
            key = np.array([int(prompt.id, 16)], dtype=np.uint64)
            u = streams.uniforms(DECODING.seed, key, np.array([prompt.number]), np.array([sample]), step)[0]
            token = int(ids[min(np.searchsorted(cumulative, u, side="right"), DECODING.top_k - 1)])
        tokens.append(token)
        if token in engine.stops:
            break
    return engine.encoder.tokenizer.decode(tokens[len(start) :], skip_special_tokens=True)


@torch.inference_mode()
def test_every_answer_equals_the_one_drawn_alone_without_cache(tiny_model, asked):
    engine = _engine(tiny_model)
    answers = _answers(engine, asked)
    assert len({text for _, samples in answers.values() for text in samples}) > 10
    for prompt in asked[::7]:
        greedy, samples = answers[prompt.id, prompt.number]
        assert greedy == _one_by_one(engine, prompt, None)
        assert samples == [_one_by_one(engine, prompt, sample) for sample in range(6)]


def test_batch_size_order_and_shards_change_no_answer(tiny_model, asked):
    whole = _answers(_engine(tiny_model), asked)
    assert _answers(_engine(tiny_model, budget=1), asked[::-1]) == whole
    halves = _answers(_engine(tiny_model, 300), asked[::2]) | _answers(_engine(tiny_model, 300), asked[1::2])
    assert halves == whole


@pytest.mark.parametrize("way", [rows.Copied, rows.Recomputed])
@pytest.mark.parametrize("budget", [500, 4096])
def test_a_beginning_kept_once_gives_the_answers_of_every_other_way(way, budget, tiny_model, asked):
    engine, other = _engine(tiny_model), _engine(tiny_model, budget)
    kept = _answers(engine, asked)
    assert engine.way is rows.Shared
    other.way, other.reach = way, engine.reach
    assert _answers(other, asked) == kept


def test_a_way_is_tried_again_for_longer_prompts_only(tiny_model, asked, caplog):
    caplog.set_level("INFO")
    engine = _engine(tiny_model)
    long = [Prompt("00ff00ff00ff00ff", 0, "long", "Q: who ?\n" * 60)]
    for prompts, tried in ((asked[:1], 1), (asked[:1], 1), (long, 2), (asked[:3], 2)):
        _answers(engine, prompts)
        assert caplog.text.count("logits are off by") == tried


def test_a_prompt_longer_than_the_model_reads_is_an_error(tiny_model):
    endless = Prompt("00ff00ff00ff00ff", 0, "endless", "Q: who ?\n" * 400)
    with pytest.raises(UserError, match=r"knowledge\.shots: a prompt has \d+ tokens .* the model reads 1024"):
        _answers(_engine(tiny_model), [endless])


def test_samples_do_not_depend_on_the_greedy_answer_beside_them(tiny_model, asked):
    both, alone = _answers(_engine(tiny_model), asked), _answers(_engine(tiny_model), asked, greedy=False)
    assert {key: samples for key, (_, samples) in both.items()} == {key: texts for key, (_, texts) in alone.items()}


def test_another_draw_gives_other_samples(tiny_model, asked):
    engine = _engine(tiny_model)
    first = [answer.samples for answer in engine.answer(asked, DECODING, 6)]
    second = [answer.samples for answer in engine.answer(asked, Decoding(3, 0.8, 12, 5, draw=1), 6)]
    assert first != second


def test_sampled_frequencies_follow_the_model(tiny_model, asked):
    """The first token of 4,000 samples is distributed as the tempered, truncated softmax says."""
    engine = _engine(tiny_model)
    prompt = asked[0]
    drawn = next(engine.answer([prompt], Decoding(1, 1.5, 5, 1), 4000)).samples
    with torch.inference_mode():
        logits = engine.model(torch.tensor([engine.encoder.prompts([prompt.text])[0]])).logits[0, -1]
    values, ids = logits.topk(5)
    for chance, token in zip(torch.softmax(values / 1.5, -1).tolist(), ids.tolist(), strict=True):
        share = drawn.count(engine.encoder.tokenizer.decode([token], skip_special_tokens=True)) / 4000
        assert share == pytest.approx(chance, abs=4 * (chance * (1 - chance) / 4000) ** 0.5 + 1e-9)


def test_an_answer_ends_at_every_end_token_and_any_token_that_holds_a_newline():
    tokenizer = pretraining.build_tokenizer(["A:\nQ", "done.\n\nQ: x"] * 50, "bytes", 300)
    assert "\n" in tokenizer.decode([tokenizer(".\n\n")["input_ids"][-1]])
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4))
    model.generation_config.eos_token_id = [7, 9]
    stops = Engine(model, Encoder(tokenizer), 100).stops
    held = [token for token in range(len(tokenizer)) if "\n" in tokenizer.decode([token])]
    assert set(held) | {tokenizer.eos_token_id, 7, 9} == set(stops.tolist())


def test_a_prompt_alone_in_its_group_is_answered(tiny_model, asked):
    lone = Prompt("00ff00ff00ff00ff", 0, "lone", "Q")
    assert len(list(_engine(tiny_model).answer([lone, *asked[:3]], DECODING, 2))) == 4


def test_the_engine_counts_what_prompts_and_answers_have_in_common_once(tiny_model, asked):
    alone, together = _engine(tiny_model), _engine(tiny_model)
    group = [prompt for prompt in asked if prompt.group == asked[0].group][:4]
    texts = [answer.greedy for answer in alone.answer(group, DECODING, 0)]
    tokens = alone.encoder.prompts([prompt.text for prompt in group])
    shared = next(n for n in range(len(tokens[0])) if len({tuple(row[: n + 1]) for row in tokens}) > 1)
    assert alone.tokens_read == shared + sum(len(row) - shared for row in tokens)
    assert 0 < alone.tokens_written <= len(texts) * (DECODING.max_new_tokens - 1)
    list(together.answer(group, Decoding(temperature=1e-6, max_new_tokens=DECODING.max_new_tokens), 20))
    assert (together.tokens_read, together.tokens_written) == (alone.tokens_read, alone.tokens_written)
