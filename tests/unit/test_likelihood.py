"""The chance of an accepted answer: that of a slow reference, the share of drawn samples, in any batch and order."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, set_seed

from gradual_learning import labelling, likelihood, models, pretraining, rows, splits
from gradual_learning.answers import Judge
from gradual_learning.categories import categorize, categorize_by_likelihood
from gradual_learning.encoding import Encoder
from gradual_learning.progress import Progress
from gradual_learning.records import CATEGORIES, LIKELIHOODS, UserError
from gradual_learning.sampling import Decoding, Engine, Prompt

DECODING = Decoding(seed=3, temperature=0.9, top_k=40, max_new_tokens=6)
CUTS = {
    "nothing": {},
    "by top-k": {"top_k": 3},
    "by length": {"max_new_tokens": 2},
    "to one token": {"max_new_tokens": 1},
}


def _engine(folder, budget=4096):
    return Engine(models.load_model(folder), Encoder(models.load_tokenizer(folder)), budget)


def _table(engine, asked, decoding, gold):
    scores = likelihood.score(engine, asked, decoding, gold)
    rows = [(one.prompt.id, one.prompt.number, one.greedy, one.chance) for one in scores]
    return pd.DataFrame(rows, columns=LIKELIHOODS.names).sort_values(["id", "prompt"], ignore_index=True)


@pytest.fixture(scope="module")
def engine(tiny_model):
    return _engine(tiny_model)


@pytest.fixture(scope="module")
def chosen(tiny_world):
    """Questions with several accepted answers: their own, their own cut short, and those of others."""
    questions = splits.choose_questions(tiny_world.questions, "train", 0, 1)
    others = questions.groupby("relation")["answers"].agg(lambda column: [texts[0] for texts in column][:6])
    answers = [
        [texts[0], texts[0].rsplit(" ", 1)[0], *others[relation]]
        for texts, relation in zip(questions["answers"], questions["relation"], strict=True)
    ]
    return questions.assign(answers=answers)


@pytest.fixture(scope="module")
def asked(chosen, tiny_world):
    return labelling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])


@pytest.fixture(scope="module")
def gold(chosen):
    return dict(zip(chosen["id"], chosen["answers"], strict=True))


def _reference(engine, prompt, texts, decoding):
    """Add up the chances of accepted answers with a full forward pass for every token and no cache."""
    start, total = engine.encoder.prompts([prompt.text])[0], 0.0
    for text in set(texts):
        ids = engine.encoder.answers(prompt.text, [text])[0]
        chance = 1.0 if len(ids) <= decoding.max_new_tokens else 0.0
        for step in range(min(len(ids) + 1, decoding.max_new_tokens)):
            logits = engine.model(torch.tensor([start + ids[:step]])).logits[0, -1].double()
            values, likeliest = logits.topk(decoding.top_k)
            following = dict(zip(likeliest.tolist(), torch.softmax(values / decoding.temperature, -1), strict=True))
            ends = [token for token in following if _ends(engine, text, token)]
            chance *= sum(float(following.get(token, 0)) for token in (ends if step == len(ids) else [ids[step]]))
        total += chance
    return total


def _ends(engine, text, token):
    """Tell whether a token behind a right answer ends it and leaves it right."""
    told = engine.encoder.tokenizer.decode([token], skip_special_tokens=True)
    return token in engine.stops and Judge().correct(labelling.first_line(text + told), [text])


@torch.inference_mode()
@pytest.mark.parametrize("cut", CUTS)
def test_every_chance_equals_the_one_computed_without_cache(engine, asked, gold, cut):
    decoding, some = dataclasses.replace(DECODING, **CUTS[cut]), asked[::29]
    table = _table(engine, some, decoding, gold).set_index(["id", "prompt"])
    told = [table.loc[(prompt.id, prompt.number), "chance"] for prompt in some]
    meant = [_reference(engine, prompt, gold[prompt.id], decoding) for prompt in some]
    assert told == pytest.approx(meant, rel=1e-4, abs=1e-9)
    uncut = _table(engine, some, DECODING, gold)["chance"]
    assert max(meant) > 0.05 and (sorted(told) != sorted(uncut)) == (cut != "nothing")


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
def test_an_end_that_leaves_the_answer_right_counts(writer):
    assert {"\n", ".\n\n", "y\n"} <= set(writer.encoder.tokenizer.batch_decode(writer.stops[:, None]))
    prompt, decoding = Prompt("00000000000000ff", 0, "one", "Q: x\nA:"), Decoding(top_k=250, temperature=2.0)
    (told,) = _table(writer, [prompt], decoding, {prompt.id: ["done", "x"]})["chance"]
    assert told == pytest.approx(_reference(writer, prompt, ["done", "x"], decoding), rel=1e-4)
    assert told > 0


@pytest.mark.parametrize("cut", CUTS)
def test_chances_are_the_shares_of_ten_thousand_samples(engine, asked, gold, cut):
    decoding, some = dataclasses.replace(DECODING, **CUTS[cut]), asked[::23]
    chance = _table(engine, some, decoding, gold).set_index(["id", "prompt"])["chance"]
    hits = pd.Series(0, index=chance.index)
    for draw, count in enumerate([4000, 4000, 2000]):
        for answer in engine.answer(some, dataclasses.replace(decoding, draw=draw), count, greedy=False):
            right = [labelling.is_verbatim(text, gold[answer.prompt.id]) for text in answer.samples]
            hits[answer.prompt.id, answer.prompt.number] += sum(right)
    spread = np.sqrt(10_000 * chance * (1 - chance))
    assert ((hits - 10_000 * chance).abs() <= 4 * spread + 0.5).all()
    uncertain = spread > 3
    z = (hits - 10_000 * chance)[uncertain] / spread[uncertain]
    assert len(z) >= 5 and (z**2).sum() < len(z) + 4 * np.sqrt(2 * len(z)), "chi-square"


def test_greedy_answers_are_those_of_the_engine(engine, asked, gold):
    scores = _table(engine, asked, DECODING, gold).set_index(["id", "prompt"])["greedy"]
    for answer in engine.answer(asked, DECODING, 0):
        assert scores[answer.prompt.id, answer.prompt.number] == labelling.first_line(answer.greedy)


@pytest.mark.parametrize("way", [rows.Shared, rows.Copied, rows.Recomputed])
def test_batch_size_order_shards_and_way_change_no_label(tiny_model, engine, chosen, asked, gold, way):
    part = asked[: len(asked) // 2]
    whole = _table(engine, part, DECODING, gold)
    other = _engine(tiny_model, budget=300)
    other.way, other.reach = way, engine.reach
    shards = [_table(other, part[::-1][k::2], DECODING, gold) for k in range(2)]
    again = pd.concat(shards).sort_values(["id", "prompt"], ignore_index=True)
    pd.testing.assert_frame_equal(again, whole, rtol=1e-4, atol=1e-9)
    labels = [
        categorize_by_likelihood(scores, chosen[chosen["id"].isin(whole["id"])], Judge(), 8)["category"].tolist()
        for scores in (again, whole)
    ]
    assert labels[0] == labels[1] and len(set(labels[0])) > 1


def test_a_killed_labelling_goes_on_behind_what_is_kept(engine, chosen, tiny_world, tmp_path):
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]

    def label(folder):
        told = Progress(len(chosen))
        return likelihood.label(engine, chosen, prompts, 20, folder, told, DECODING), told

    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole, told = label(tmp_path / "whole")
    meant = pd.concat(whole)
    assert told.prompts == len(meant) == 3 * len(chosen) and told.done == len(chosen)
    killed, _ = label(tmp_path / "killed")
    kept = [next(killed), next(killed)]
    cut = max((tmp_path / "killed").iterdir())
    cut.write_bytes(cut.read_bytes()[:-9])
    again, told = label(tmp_path / "killed")
    assert pd.concat(again).equals(meant)
    assert told.prompts == len(meant) - len(kept[0]) and told.done == len(chosen)


def test_labels_are_those_that_sampling_finds_on_average(engine, tiny_world):
    """Where a greedy answer is right they are equal; elsewhere sampling hits as often as the chances say."""
    table = splits.choose_questions(tiny_world.questions, "train", 0, 1)
    asked = labelling.few_shot_prompts(table, tiny_world.prompts[tiny_world.prompts["draw"] == 0])
    gold = dict(zip(table["id"], table["answers"], strict=True))
    scores = _table(engine, asked, DECODING, gold)
    told = categorize_by_likelihood(scores, table, Judge(), 8)
    drawn = categorize(labelling.label_at_once(engine, asked, DECODING, 8), table, Judge())
    assert told["greedy_correct"].equals(drawn["greedy_correct"]) and (told["sampled_drawn"] == 0).all()
    undecided = told["p0"] == 0
    assert (told["category"] == drawn["category"])[~undecided].all() and 20 < undecided.sum() < len(told)
    missed = ((1 - scores["chance"]) ** 8).groupby(scores["id"]).prod()
    hit = 1 - told["id"].map(missed)[undecided]
    found = (drawn["category"] == "WeaklyKnown").sum()
    assert abs(found - hit.sum()) <= 4 * np.sqrt((hit * (1 - hit)).sum())
    assert (told["category"][undecided] == np.where(hit >= 0.5, "WeaklyKnown", "Unknown")).all()


def test_definitions():
    rows = [("a", 0, "right", 0.9), ("a", 1, "The right!", 0.1), ("b", 0, "right", 0.2), ("b", 1, "wrong", 0.0)]
    rows += [("c", 0, "wrong", 0.2), ("c", 1, "wrong", 0.0), ("d", 0, "wrong", 0.15), ("d", 1, "", 0.0)]
    rows += [("e", 0, "wrong", 1.0), ("e", 1, "wrong", 0.0)]
    questions = pd.DataFrame({"id": list("abcde"), "relation": "r", "answers": [["right"]] * 5})
    scores = pd.DataFrame(rows, columns=["id", "prompt", "greedy", "chance"])
    table = categorize_by_likelihood(scores.sample(frac=1, random_state=0), questions, Judge(), 4)
    assert table["category"].tolist() == [*CATEGORIES, "WeaklyKnown"]  # 1 - 0.8^4 = 0.59, 1 - 0.85^4 = 0.48
    assert table["ps"].tolist() == pytest.approx([0.5, 0.1, 0.1, 0.075, 0.5])
    assert table["sampled_correct"].sum() == table["sampled_drawn"].sum() == 0
    with pytest.raises(UserError, match="answered twice"):
        categorize_by_likelihood(scores.assign(prompt=0), questions, Judge(), 4)


def test_answers_that_no_sample_reads_like_are_left_out(engine, chosen):
    known = chosen["answers"].iloc[0][0]
    ids = likelihood.spellings(engine.encoder, {"a": [known, known, "Xyzzyq", f"{known}\n{known}"], "b": ["Xyzzyq"]})
    assert engine.encoder.texts(ids["a"]) == [known] and ids["b"] == []
