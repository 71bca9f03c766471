"""Which questions a model is queried on, in which prompts, and what counts as its answer."""

import pytest

from gradual_learning.data import subsets
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(load_model(tiny_model), Encoder(load_tokenizer(tiny_model)), 4096)


def test_heldout_questions_are_a_fixed_sample_of_the_test_split(tiny_world):
    table = tiny_world.questions
    heldout = subsets.choose_questions(table, "heldout", 20, seed=1)
    shuffled = subsets.choose_questions(table.sample(frac=1, random_state=0), "heldout", 20, seed=1)
    assert set(heldout["split"]) == {"test"} and len(heldout) == 20
    assert set(heldout["id"]) == set(shuffled["id"])
    assert set(heldout["id"]) != set(subsets.choose_questions(table, "heldout", 20, seed=2)["id"])
    everything = subsets.choose_questions(table, "heldout", 10**6, seed=1)
    assert set(everything["id"]) == set(table[table["split"] == "test"]["id"])


def test_after_a_stage_train_and_heldout_questions_are_labeled_together(tiny_world):
    parts = [
        set(subsets.choose_questions(tiny_world.questions, part, 20, 1)["id"])
        for part in ("train", "heldout", "after_stage")
    ]
    assert parts[0] | parts[1] == parts[2] and not parts[0] & parts[1]


def test_relabeling_uses_the_train_questions_with_other_exemplars(tiny_world):
    table, prompts = tiny_world.questions, tiny_world.prompts
    relabel = subsets.choose_questions(table, "relabel", 0, 1)
    assert set(relabel["id"]) == set(table[table["split"] == "train"]["id"])
    first, second = (
        {prompt.text for prompt in labeling.few_shot_prompts(relabel, prompts[prompts["draw"] == draw])}
        for draw in (0, 1)
    )
    assert first and second and not first & second


def test_exemplars_are_dev_questions_and_the_question_comes_last(tiny_world):
    table = tiny_world.questions
    chosen, prompts = table[table["split"] == "train"], tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    assert {name for ids in prompts["exemplars"] for name in ids} <= set(table[table["split"] == "dev"]["id"])
    few_shot = labeling.few_shot_prompts(chosen, prompts)
    texts = dict(zip(chosen["id"], chosen["question"], strict=True))
    assert len(few_shot) == len(chosen) * prompts["prompt"].nunique()
    assert all(prompt.text.endswith(f"Q: {texts[prompt.id]}\nA:") for prompt in few_shot)
    assert all(prompt.text.count(texts[prompt.id]) == 1 for prompt in few_shot)


def test_questions_whose_answers_are_too_long_are_counted(engine, tiny_world):
    lengths = [
        min(len(engine.encoder.tokenizer(f" {text}", add_special_tokens=False)["input_ids"]) for text in texts)
        for texts in tiny_world.questions["answers"]
    ]
    for limit in (1, 2, 3):
        counted = labeling.count_unanswerable(tiny_world.questions, engine.encoder, limit)
        assert counted == sum(length > limit for length in lengths)
    assert max(lengths) == 3


def test_the_first_line_is_the_answer():
    assert labeling.first_line(" Port Alder, D.C. The\nQ: next") == "Port Alder, D.C. The"
    assert labeling.first_line("Alder\r\nQ:") == "Alder"
    assert labeling.first_line("one\u2028two") == "one\u2028two"
    assert labeling.is_verbatim(" Port Alder\n", ["x", "Port Alder"])
    assert not labeling.is_verbatim("port alder", ["Port Alder"])
    assert not labeling.is_verbatim("\nPort Alder", ["Port Alder"])


def test_zero_shot_answers_keep_the_order_of_the_questions_and_are_judged_verbatim(engine, tiny_world):
    questions = tiny_world.questions.sample(frac=1, random_state=0)
    settings = {"template": "Q: {question}\nA:", "decoding": Decoding(max_new_tokens=6)}
    answers = labeling.answer_zero_shot(engine, questions, **settings)
    assert answers["id"].tolist() == questions["id"].tolist()
    forward = labeling.answer_zero_shot(engine, tiny_world.questions, **settings).set_index("id")["answer"]
    assert forward[questions["id"]].tolist() == answers["answer"].tolist()
    accepted = [["x", text] if n % 3 else ["x", f"{text}s"] for n, text in enumerate(answers["answer"])]
    correct = labeling.verbatim(engine, questions.assign(answers=accepted), **settings)
    assert correct.index.tolist() == questions["id"].tolist()
    assert correct.tolist() == [n % 3 > 0 for n in range(len(questions))]


def test_answers_that_cannot_become_correct_are_not_continued(engine, tiny_world):
    questions, settings = (
        tiny_world.questions,
        {"template": "Q: {question}\nA:", "decoding": Decoding(max_new_tokens=6)},
    )
    labeling.answer_zero_shot(engine, questions, **settings)  # tests the cache strategy, which reads tokens too
    before = engine.tokens_written
    answers = labeling.answer_zero_shot(engine, questions, **settings)["answer"]
    whole = engine.tokens_written - before
    correct = labeling.verbatim(engine, questions, **settings)
    expected = [
        labeling.is_verbatim(text, accepted) for text, accepted in zip(answers, questions["answers"], strict=True)
    ]
    assert correct.tolist() == expected and any(expected)
    assert engine.tokens_written - before - whole < whole / 2


@pytest.mark.parametrize(
    ("text", "kept"),
    [("", True), (" Port", True), (" Port Alder", True), ("Port Alder ", True), ("Porto", False), ("port", False)],
)
def test_an_output_is_continued_while_it_can_become_an_accepted_answer(text, kept):
    assert labeling.can_become_verbatim(text, ["x", "Port Alder"]) is kept
