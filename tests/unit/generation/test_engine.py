"""The engine against slow references: answers equal those computed one row at a time, for any batch, shard or order."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from gradual_learning.data import subsets
from gradual_learning.generation import cache_strategies, random_streams
from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge import labeling
from gradual_learning.models import pretraining
from gradual_learning.models.loading import load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder

DECODING = Decoding(seed=3, temperature=0.8, top_k=12, max_new_tokens=5)


@pytest.fixture(scope="module")
def prompts(tiny_world):
    chosen = subsets.choose_questions(tiny_world.questions, "train", 0, 1).iloc[::9]
    return labeling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])


def _engine(folder, budget=4096):
    return Engine(load_model(folder), Encoder(load_tokenizer(folder)), budget)


def _answers(engine, prompts, samples=6, greedy=True):
    answers = engine.answer(prompts, DECODING, samples, greedy)
    return {(answer.prompt.id, answer.prompt.number): (answer.greedy, answer.samples) for answer in answers}


def _reference_answer(engine, prompt, sample):
    """Draw one sample, or the greedy answer, with a full forward pass for every token and no cache."""
    start = engine.encoder.encode_prompts([prompt.text])[0]
    tokens = list(start)
    for step in range(DECODING.max_new_tokens):
        logits = engine.model(torch.tensor([tokens])).logits[0, -1].double()
        if sample is None:
            token = int(logits.argmax())
        else:
            values, ids = logits.topk(DECODING.top_k)
            cumulative = torch.softmax(values / DECODING.temperature, -1).cumsum(-1).numpy()
            key = np.array([int(prompt.id, 16)], dtype=np.uint64)
            u = random_streams.uniforms(DECODING.seed, key, np.array([prompt.number]), np.array([sample]), step)[0]
            token = int(ids[min(np.searchsorted(cumulative, u, side="right"), DECODING.top_k - 1)])
        tokens.append(token)
        if token in engine.stop_tokens:
            break
    return engine.encoder.tokenizer.decode(tokens[len(start) :], skip_special_tokens=True)


@torch.inference_mode()
def test_every_answer_equals_the_one_computed_alone_without_a_cache(tiny_model, prompts):
    engine = _engine(tiny_model)
    answers = _answers(engine, prompts)
    assert len({text for _, samples in answers.values() for text in samples}) > 10
    for prompt in prompts[::7]:
        greedy, samples = answers[prompt.id, prompt.number]
        assert greedy == _reference_answer(engine, prompt, None)
        assert samples == [_reference_answer(engine, prompt, sample) for sample in range(6)]


def test_answers_do_not_depend_on_batch_size_order_or_shards(tiny_model, prompts):
    whole = _answers(_engine(tiny_model), prompts)
    assert _answers(_engine(tiny_model, budget=1), prompts[::-1]) == whole
    halves = _answers(_engine(tiny_model, 300), prompts[::2]) | _answers(_engine(tiny_model, 300), prompts[1::2])
    assert halves == whole


@pytest.mark.parametrize("strategy", [cache_strategies.CopiedPrefix, cache_strategies.NoCache])
@pytest.mark.parametrize("budget", [500, 4096])
def test_all_cache_strategies_give_equal_answers(strategy, budget, tiny_model, prompts):
    engine, other = _engine(tiny_model), _engine(tiny_model, budget)
    answers = _answers(engine, prompts)
    assert engine.strategy is cache_strategies.SharedPrefix
    other.strategy, other.tested_length = strategy, engine.tested_length
    assert _answers(other, prompts) == answers
    assert other.strategy is strategy


def test_strategies_are_tested_again_for_longer_prompts_only(tiny_model, prompts, caplog):
    caplog.set_level("INFO")
    engine = _engine(tiny_model)
    long = [Prompt("00ff00ff00ff00ff", 0, "long", "Q: who ?\n" * 60)]
    for batch, tests in ((prompts[:1], 1), (prompts[:1], 1), (long, 2), (prompts[:3], 2)):
        _answers(engine, batch)
        assert caplog.text.count("relative error of logits") == tests


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["embedding of one token", "head"])
def test_numbers_that_are_not_finite_end_the_job(place, value, tiny_model, prompts):
    engine = _engine(tiny_model)
    token = engine.encoder.encode_prompts([prompts[0].text])[0][-1]
    if place == "head":
        engine.model.get_output_embeddings().weight.data[3] = value
    else:
        engine.model.get_input_embeddings().weight.data[token] = value
    with pytest.raises(UserError, match=r"not finite .* model\.dtype"):
        _answers(engine, prompts)


def test_the_head_never_reads_a_view_of_the_hidden_states(tiny_model, prompts):
    """For a frozen head, torch multiplies a view with one copy of the weights per row."""
    engine, contiguous = _engine(tiny_model), []
    head = engine.model.get_output_embeddings()
    head.register_forward_pre_hook(lambda _, inputs: contiguous.append((len(inputs[0]), inputs[0].is_contiguous())))
    _answers(engine, prompts)
    assert max(rows for rows, _ in contiguous) > 2 and all(is_contiguous for _, is_contiguous in contiguous)


def test_a_prompt_longer_than_the_model_reads_is_an_error(tiny_model):
    endless = Prompt("00ff00ff00ff00ff", 0, "endless", "Q: who ?\n" * 400)
    with pytest.raises(UserError, match=r"knowledge\.num_fewshot: a prompt has \d+ tokens .* the model reads 1024"):
        _answers(_engine(tiny_model), [endless])


def test_samples_do_not_depend_on_the_greedy_answer(tiny_model, prompts):
    both, alone = _answers(_engine(tiny_model), prompts), _answers(_engine(tiny_model), prompts, greedy=False)
    assert {key: samples for key, (_, samples) in both.items()} == {key: texts for key, (_, texts) in alone.items()}


def test_dropped_samples_are_none_and_change_no_other_answer(tiny_model, prompts):
    full = _answers(_engine(tiny_model), prompts)
    first_words = {answer.split()[0] for answer, _ in full.values() if answer.split()}
    engine = _engine(tiny_model)

    def keep(question, text):
        return text.strip() == "" or text.split()[0] in first_words

    dropped = 0
    for answer in engine.answer(prompts, DECODING, 6, keep_sampling=keep):
        greedy, samples = full[answer.prompt.id, answer.prompt.number]
        assert answer.greedy == greedy
        for text, whole in zip(answer.samples, samples, strict=True):
            assert text == whole or (text is None and not keep("", whole))
            dropped += text is None
    assert 0 < dropped < 6 * len(prompts)


def test_another_draw_gives_other_samples(tiny_model, prompts):
    engine = _engine(tiny_model)
    first = [answer.samples for answer in engine.answer(prompts, DECODING, 6)]
    second = [answer.samples for answer in engine.answer(prompts, Decoding(3, 0.8, 12, 5, draw=1), 6)]
    assert first != second


def test_sampled_frequencies_equal_the_probabilities_of_the_model(tiny_model, prompts):
    """The first tokens of 4,000 samples have the distribution of the softmax with temperature and top-k."""
    engine = _engine(tiny_model)
    prompt = prompts[0]
    drawn = next(engine.answer([prompt], Decoding(1, 1.5, 5, 1), 4000)).samples
    with torch.inference_mode():
        logits = engine.model(torch.tensor([engine.encoder.encode_prompts([prompt.text])[0]])).logits[0, -1]
    values, ids = logits.topk(5)
    for probability, token in zip(torch.softmax(values / 1.5, -1).tolist(), ids.tolist(), strict=True):
        share = drawn.count(engine.encoder.tokenizer.decode([token], skip_special_tokens=True)) / 4000
        assert share == pytest.approx(probability, abs=4 * (probability * (1 - probability) / 4000) ** 0.5 + 1e-9)


def test_an_answer_ends_at_every_end_token_and_every_token_with_a_line_break():
    tokenizer = pretraining.build_tokenizer(["A:\nQ", "done.\n\nQ: x"] * 50, "bytes", 300)
    assert "\n" in tokenizer.decode([tokenizer(".\n\n")["input_ids"][-1]])
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4))
    model.generation_config.eos_token_id = [7, 9]
    stop_tokens = Engine(model, Encoder(tokenizer), 100).stop_tokens
    line_breaks = [token for token in range(len(tokenizer)) if "\n" in tokenizer.decode([token])]
    assert set(line_breaks) | {tokenizer.eos_token_id, 7, 9} == set(stop_tokens.tolist())


def test_a_single_prompt_of_a_group_is_answered(tiny_model, prompts):
    single = Prompt("00ff00ff00ff00ff", 0, "single", "Q")
    answers = list(_engine(tiny_model).answer([single, *prompts[:3]], DECODING, 2))
    assert {answer.prompt for answer in answers} == {single, *prompts[:3]}


def test_the_engine_counts_common_tokens_of_prompts_and_answers_once(tiny_model, prompts):
    alone, together = _engine(tiny_model), _engine(tiny_model)
    group = [prompt for prompt in prompts if prompt.group == prompts[0].group][:4]
    texts = [answer.greedy for answer in alone.answer(group, DECODING, 0)]
    tokens = alone.encoder.encode_prompts([prompt.text for prompt in group])
    shared = next(n for n in range(len(tokens[0])) if len({tuple(row[: n + 1]) for row in tokens}) > 1)
    assert alone.tokens_read == shared + sum(len(row) - shared for row in tokens)
    assert 0 < alone.tokens_written <= len(texts) * (DECODING.max_new_tokens - 1)
    list(together.answer(group, Decoding(temperature=1e-6, max_new_tokens=DECODING.max_new_tokens), 20))
    assert (together.tokens_read, together.tokens_written) == (alone.tokens_read, alone.tokens_written)
