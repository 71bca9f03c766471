"""The probability of an accepted answer equals that of a slow reference and the share of samples, in any batch."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, set_seed

from gradual_learning.data import subsets
from gradual_learning.generation import cache_strategies
from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.progress import Progress
from gradual_learning.knowledge import labeling, likelihood
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.knowledge.sampling import sample_answers
from gradual_learning.knowledge.slick import categorize, categorize_by_likelihood
from gradual_learning.models import pretraining
from gradual_learning.models.loading import load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.schemas import CATEGORIES, LIKELIHOODS

DECODING = Decoding(seed=3, temperature=0.9, top_k=40, max_new_tokens=6)
CUTS = {
    "nothing": {},
    "by top-k": {"top_k": 3},
    "by length": {"max_new_tokens": 2},
    "to one token": {"max_new_tokens": 1},
}


def _engine(folder, budget=4096):
    return Engine(load_model(folder), Encoder(load_tokenizer(folder)), budget)


def _table(engine, prompts, decoding, accepted):
    scores = likelihood.score(engine, prompts, decoding, accepted)
    rows = [(one.prompt.id, one.prompt.number, one.greedy, one.probability) for one in scores]
    return pd.DataFrame(rows, columns=LIKELIHOODS.names).sort_values(["id", "prompt"], ignore_index=True)


@pytest.fixture(scope="module")
def engine(tiny_model):
    return _engine(tiny_model)


@pytest.fixture(scope="module")
def chosen(tiny_world):
    """Questions with several accepted answers: their own, a shortened one, and those of other questions."""
    questions = subsets.choose_questions(tiny_world.questions, "train", 0, 1)
    others = questions.groupby("relation")["answers"].agg(lambda column: [texts[0] for texts in column][:6])
    answers = [
        [texts[0], texts[0].rsplit(" ", 1)[0], *others[relation]]
        for texts, relation in zip(questions["answers"], questions["relation"], strict=True)
    ]
    return questions.assign(answers=answers)


@pytest.fixture(scope="module")
def prompts(chosen, tiny_world):
    return labeling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])


@pytest.fixture(scope="module")
def accepted(chosen):
    return dict(zip(chosen["id"], chosen["answers"], strict=True))


def _reference(engine, prompt, texts, decoding):
    """Sum the probabilities of accepted answers, with a full forward pass per token and without a cache."""
    start, total = engine.encoder.encode_prompts([prompt.text])[0], 0.0
    for text in set(texts):
        ids = engine.encoder.encode_answers(prompt.text, [text])[0]
        probability = 1.0 if len(ids) <= decoding.max_new_tokens else 0.0
        for step in range(min(len(ids) + 1, decoding.max_new_tokens)):
            logits = engine.model(torch.tensor([start + ids[:step]])).logits[0, -1].double()
            values, best = logits.topk(decoding.top_k)
            following = dict(zip(best.tolist(), torch.softmax(values / decoding.temperature, -1), strict=True))
            ends = [token for token in following if _ends(engine, text, token)]
            probability *= sum(float(following.get(token, 0)) for token in (ends if step == len(ids) else [ids[step]]))
        total += probability
    return total


def _ends(engine, text, token):
    """Return whether a token after a correct answer ends it and leaves it correct."""
    output = text + engine.encoder.tokenizer.decode([token], skip_special_tokens=True)
    return token in engine.stop_tokens and AnswerMatcher().matches(labeling.first_line(output), [text])


@torch.inference_mode()
@pytest.mark.parametrize("cut", CUTS)
def test_every_probability_equals_the_one_computed_without_a_cache(engine, prompts, accepted, cut):
    decoding, some = dataclasses.replace(DECODING, **CUTS[cut]), prompts[::29]
    table = _table(engine, some, decoding, accepted).set_index(["id", "prompt"])
    found = [table.loc[(prompt.id, prompt.number), "probability"] for prompt in some]
    expected = [_reference(engine, prompt, accepted[prompt.id], decoding) for prompt in some]
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)
    uncut = _table(engine, some, DECODING, accepted)["probability"]
    assert max(expected) > 0.05 and (sorted(found) != sorted(uncut)) == (cut != "nothing")


@pytest.fixture(scope="module")
def writer():
    """A model with tokens that hold a newline and something in front of it."""
    tokenizer = pretraining.build_tokenizer(["A:\nQ", "done.\n\nQ: x"] * 50, "bytes", 300)
    tokenizer.add_tokens([".\n\n", "y\n"])
    set_seed(1)
    ends = {"bos_token_id": tokenizer.eos_token_id, "eos_token_id": tokenizer.eos_token_id}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4, **ends)).eval()
    return Engine(model, Encoder(tokenizer), 500)


@torch.inference_mode()
def test_every_stop_token_that_leaves_the_answer_correct_counts(writer):
    assert {"\n", ".\n\n", "y\n"} <= set(writer.encoder.tokenizer.batch_decode(writer.stop_tokens[:, None]))
    prompt, decoding = Prompt("00000000000000ff", 0, "one", "Q: x\nA:"), Decoding(top_k=250, temperature=2.0)
    (found,) = _table(writer, [prompt], decoding, {prompt.id: ["done", "x"]})["probability"]
    assert found == pytest.approx(_reference(writer, prompt, ["done", "x"], decoding), rel=1e-4)
    assert found > 0


@pytest.mark.parametrize("cut", CUTS)
def test_probabilities_are_the_shares_of_ten_thousand_samples(engine, prompts, accepted, cut):
    decoding = dataclasses.replace(DECODING, **CUTS[cut])
    every = _table(engine, prompts, decoding, accepted).set_index(["id", "prompt"])["probability"]
    is_uncertain = every.between(0.001, 0.999)
    names = {*every[is_uncertain].index[::4][:24], *every[~is_uncertain].index[::29]}
    some = [prompt for prompt in prompts if (prompt.id, prompt.number) in names]
    correct = pd.Series(0, index=every.index)
    for draw, count in enumerate([4000, 4000, 2000]):
        for answer in engine.answer(some, dataclasses.replace(decoding, draw=draw), count, greedy=False):
            matches = [labeling.is_verbatim(text, accepted[answer.prompt.id]) for text in answer.samples]
            correct[answer.prompt.id, answer.prompt.number] += sum(matches)
    is_sampled = every.index.isin(names)
    excess, spread = (correct - 10_000 * every)[is_sampled], np.sqrt(10_000 * every * (1 - every))[is_sampled]
    assert (excess.abs() <= 4 * spread + 0.5).all()
    z = (excess / spread)[is_uncertain[is_sampled]]
    assert len(z) >= 12 and (z**2).sum() < len(z) + 4 * np.sqrt(2 * len(z)), "chi-square"


def test_greedy_answers_are_those_of_the_engine(engine, prompts, accepted):
    scores = _table(engine, prompts, DECODING, accepted).set_index(["id", "prompt"])["greedy"]
    for answer in engine.answer(prompts, DECODING, 0):
        assert scores[answer.prompt.id, answer.prompt.number] == labeling.first_line(answer.greedy)


@pytest.mark.parametrize(
    "strategy", [cache_strategies.SharedPrefix, cache_strategies.CopiedPrefix, cache_strategies.NoCache]
)
def test_batch_size_order_shards_and_strategy_change_no_label(tiny_model, engine, chosen, prompts, accepted, strategy):
    part = prompts[: len(prompts) // 2]
    whole = _table(engine, part, DECODING, accepted)
    other = _engine(tiny_model, budget=300)
    other.strategy, other.tested_length = strategy, engine.tested_length
    shards = [_table(other, part[::-1][k::2], DECODING, accepted) for k in range(2)]
    joined = pd.concat(shards).sort_values(["id", "prompt"], ignore_index=True)
    pd.testing.assert_frame_equal(joined, whole, rtol=1e-4, atol=1e-9)
    questions = chosen[chosen["id"].isin(whole["id"])]
    labels = [
        categorize_by_likelihood(scores, questions, AnswerMatcher(), 8)["category"].tolist()
        for scores in (joined, whole)
    ]
    assert labels[0] == labels[1] and len(set(labels[0])) > 1


def test_labels_are_those_that_sampling_finds_on_average(engine, tiny_world):
    """They are equal where a greedy answer is correct; elsewhere samples are correct as often as is probable."""
    table = subsets.choose_questions(tiny_world.questions, "train", 0, 1)
    exemplars = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    with Progress(len(table)) as progress:
        scores = likelihood.score_questions(engine, table, exemplars, progress, DECODING)
    assert (progress.done, progress.prompts) == (len(table), len(scores))
    computed = categorize_by_likelihood(scores, table, AnswerMatcher(), 8)
    answers = sample_answers(engine, table, exemplars, decoding=DECODING, samples=8, sampling="full")
    sampled = categorize(answers, table, AnswerMatcher())
    assert computed["greedy_correct"].equals(sampled["greedy_correct"]) and (computed["sampled_drawn"] == 0).all()
    undecided = computed["p_greedy"] == 0
    assert (computed["category"] == sampled["category"])[~undecided].all() and 20 < undecided.sum() < len(computed)
    all_wrong = ((1 - scores["probability"]) ** 8).groupby(scores["id"]).prod()
    any_correct = 1 - computed["id"].map(all_wrong)[undecided]
    found = (sampled["category"] == "WeaklyKnown").sum()
    assert abs(found - any_correct.sum()) <= 4 * np.sqrt((any_correct * (1 - any_correct)).sum())
    expected = np.where(any_correct >= 0.5, "WeaklyKnown", "Unknown")
    assert (computed["category"][undecided] == expected).all()


def test_definitions():
    rows = [("a", 0, "right", 0.9), ("a", 1, "The right!", 0.1), ("b", 0, "right", 0.2), ("b", 1, "wrong", 0.0)]
    rows += [("c", 0, "wrong", 0.2), ("c", 1, "wrong", 0.0), ("d", 0, "wrong", 0.15), ("d", 1, "", 0.0)]
    rows += [("e", 0, "wrong", 1.0), ("e", 1, "wrong", 0.0)]
    questions = pd.DataFrame({"id": list("abcde"), "relation": "r", "answers": [["right"]] * 5})
    scores = pd.DataFrame(rows, columns=["id", "prompt", "greedy", "probability"])
    table = categorize_by_likelihood(scores.sample(frac=1, random_state=0), questions, AnswerMatcher(), 4)
    assert table["category"].tolist() == [*CATEGORIES, "WeaklyKnown"]  # 1 - 0.8^4 = 0.59, 1 - 0.85^4 = 0.48
    assert table["p_sampled"].tolist() == pytest.approx([0.5, 0.1, 0.1, 0.075, 0.5])
    assert table["sampled_correct"].sum() == table["sampled_drawn"].sum() == 0
    with pytest.raises(UserError, match="answered twice"):
        categorize_by_likelihood(scores.assign(prompt=0), questions, AnswerMatcher(), 4)


def test_answers_that_no_sample_can_equal_are_left_out(engine, chosen):
    known = chosen["answers"].iloc[0][0]
    ids = likelihood.spellings(engine.encoder, {"a": [known, known, "Xyzzyq", f"{known}\n{known}"], "b": ["Xyzzyq"]})
    assert engine.encoder.decode(ids["a"]) == [known] and ids["b"] == []
