"""Lazy and pruned sampling give the labels of full sampling, and chunks and shards the answers of one piece."""

import pandas as pd
import pytest

from gradual_learning.data import subsets
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.progress import Progress
from gradual_learning.knowledge import shards
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.knowledge.sampling import sample_answers
from gradual_learning.knowledge.slick import categorize
from gradual_learning.models.loading import load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder

DECODING = Decoding(seed=1, temperature=0.9, top_k=40, max_new_tokens=6)
SAMPLES = 8
WAYS = ("full", "lazy", "pruned")


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(load_model(tiny_model), Encoder(load_tokenizer(tiny_model)), 4096)


@pytest.fixture(scope="module")
def questions(tiny_world):
    return subsets.choose_questions(tiny_world.questions, "train", 0, 1)


@pytest.fixture(scope="module")
def prompts(tiny_world):
    return tiny_world.prompts[tiny_world.prompts["draw"] == 0]


@pytest.fixture(scope="module")
def answers(engine, questions, prompts):
    """The answers to all questions, by the way of sampling."""
    options = {"decoding": DECODING, "samples": SAMPLES}
    return {way: sample_answers(engine, questions, prompts, sampling=way, **options) for way in WAYS}


def by_prompt(tables):
    return {
        (row.id, row.prompt): (row.greedy, list(row.samples)) for part in tables for row in part.itertuples(index=False)
    }


@pytest.mark.parametrize(
    "matcher", [AnswerMatcher(), AnswerMatcher("f1", 0.5), AnswerMatcher("contains")], ids=["exact", "f1", "contains"]
)
def test_lazy_labels_equal_full_labels_by_every_answer_match(answers, questions, matcher):
    lazy, full = (categorize(answers[way], questions, matcher)["category"].tolist() for way in ("lazy", "full"))
    assert lazy == full
    assert len(set(full)) >= 3


def test_lazy_sampling_draws_only_some_of_the_samples(answers):
    lazy, full = (by_prompt([answers[way]]) for way in ("lazy", "full"))
    assert all(samples in ([], full[key][1]) for key, (_, samples) in lazy.items())
    drawn = sum(len(samples) for _, samples in lazy.values())
    assert 0 < drawn < len(full) * SAMPLES


def test_pruned_answers_are_full_answers_without_samples_that_cannot_match(answers, questions):
    full, pruned = answers["full"], answers["pruned"]
    assert pruned["greedy"].equals(full["greedy"])
    pairs = [pair for row in zip(pruned["samples"], full["samples"], strict=True) for pair in zip(*row, strict=True)]
    assert all(text in (None, whole) for text, whole in pairs)
    assert 0 < sum(text is not None for text, _ in pairs) < len(pairs) / 2
    assert categorize(pruned, questions, AnswerMatcher()).equals(categorize(full, questions, AnswerMatcher()))


@pytest.mark.parametrize("way", WAYS)
def test_chunks_and_shards_give_the_same_answers_as_all_questions_at_once(way, answers, engine, questions, prompts):
    whole = by_prompt([answers[way]])
    for number in range(2):
        shard = questions.iloc[number::2]
        parts = list(shards.chunks(shard, 20))
        assert [len(part) for part in parts[:-1]] == [20] * (len(shard) // 20)
        assert sorted(pd.concat(parts)["id"]) == sorted(shard["id"])
        tables = [
            sample_answers(engine, part, prompts, decoding=DECODING, samples=SAMPLES, sampling=way) for part in parts
        ]
        found = by_prompt(tables)
        assert {name for name, _ in found} == set(shard["id"])
        assert found == {key: whole[key] for key in found}


@pytest.mark.parametrize("way", WAYS)
def test_progress_counts_every_question_once_and_every_answered_prompt(way, answers, engine, questions, prompts):
    with Progress(len(questions)) as progress:
        table = sample_answers(engine, questions, prompts, progress, decoding=DECODING, samples=SAMPLES, sampling=way)
    assert by_prompt([table]) == by_prompt([answers[way]])
    assert progress.done == len(questions)
    sampled_again = int((table["samples"].map(len) > 0).sum()) if way == "lazy" else 0
    assert progress.prompts == len(table) + sampled_again
