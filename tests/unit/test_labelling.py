"""Which questions are asked, and that lazy labelling gives the labels of full labelling."""

import pandas as pd
import pytest

from gradual_learning import labelling, models, splits
from gradual_learning.answers import Judge
from gradual_learning.categories import categorize
from gradual_learning.encoding import Encoder
from gradual_learning.normalising import may_become
from gradual_learning.sampling import Decoding, Engine


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(models.load_model(tiny_model), Encoder(models.load_tokenizer(tiny_model)), 4096)


def test_lazy_labels_equal_full_labels(engine, tiny_world):
    chosen = splits.choose_questions(tiny_world.questions, "train", 0, 1)
    asked = labelling.few_shot_prompts(chosen, tiny_world.prompts[tiny_world.prompts["draw"] == 0])
    decoding = Decoding(seed=1, temperature=0.9, top_k=40, max_new_tokens=6)
    gold = dict(zip(chosen["id"], chosen["answers"], strict=True))
    lazy = labelling.label_lazily(engine, asked, decoding, 8, gold)
    full = labelling.label_at_once(engine, asked, decoding, 8)
    for judge in (Judge(), Judge("f1", 0.5), Judge("contains")):
        labels = [categorize(answers, chosen, judge)["category"].tolist() for answers in (lazy, full)]
        assert labels[0] == labels[1]
        assert len(set(labels[0])) >= 3
    assert 0 < lazy["samples"].map(len).sum() < full["samples"].map(len).sum()


def test_pruned_answers_are_those_of_full_mode_but_for_samples_that_cannot_become_right(engine, tiny_world):
    chosen = splits.choose_questions(tiny_world.questions, "train", 0, 1)
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    decoding = Decoding(seed=1, temperature=0.9, top_k=40, max_new_tokens=6)
    full, pruned = (
        pd.concat(labelling.label(engine, chosen, prompts, decoding, 8, False, 1000, rule))
        for rule in (None, may_become)
    )
    assert pruned["greedy"].equals(full["greedy"])
    pairs = [pair for row in zip(pruned["samples"], full["samples"], strict=True) for pair in zip(*row, strict=True)]
    assert all(text in (None, whole) for text, whole in pairs)
    assert 0 < sum(text is not None for text, _ in pairs) < len(pairs) / 2
    assert categorize(pruned, chosen, Judge()).equals(categorize(full, chosen, Judge()))


def test_shards_put_together_equal_the_whole(engine, tiny_world):
    chosen = splits.choose_questions(tiny_world.questions, "train", 0, 1).head(12)
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    decoding = Decoding(seed=1, temperature=0.5, top_k=40, max_new_tokens=6)

    def answers(part):
        table = labelling.label_at_once(engine, labelling.few_shot_prompts(part, prompts), decoding, 4)
        return {(row.id, row.prompt): (row.greedy, row.samples) for row in table.itertuples()}

    assert answers(chosen.iloc[::2]) | answers(chosen.iloc[1::2]) == answers(chosen)


@pytest.mark.parametrize(("lazy", "may_become"), [(False, None), (True, None), (False, may_become)])
def test_questions_labelled_a_few_at_a_time_have_the_answers_of_all_at_once(lazy, may_become, engine, tiny_world):
    chosen = splits.choose_questions(tiny_world.questions, "train", 0, 1).head(12)
    prompts = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    decoding = Decoding(seed=1, temperature=0.9, top_k=40, max_new_tokens=6)

    def answers(size):
        finished = []
        parts = list(labelling.label(engine, chosen, prompts, decoding, 4, lazy, size, may_become, finished.append))
        assert sum(finished) == len(chosen) and len(parts) == -(-len(chosen) // size)
        return {(row.id, row.prompt): (row.greedy, row.samples) for part in parts for row in part.itertuples()}

    assert answers(5) == answers(100)


def test_the_probe_is_a_fixed_part_of_the_test_split(tiny_world):
    table = tiny_world.questions
    probe = splits.choose_questions(table, "probe", 20, seed=1)
    again = splits.choose_questions(table.sample(frac=1, random_state=0), "probe", 20, seed=1)
    assert set(probe["split"]) == {"test"} and len(probe) == 20
    assert set(probe["id"]) == set(again["id"])
    assert set(probe["id"]) != set(splits.choose_questions(table, "probe", 20, seed=2)["id"])
    everything = splits.choose_questions(table, "probe", 10**6, seed=1)
    assert set(everything["id"]) == set(table[table["split"] == "test"]["id"])


def test_after_a_stage_train_and_probe_are_asked_in_one_go(tiny_world):
    parts = [
        set(splits.choose_questions(tiny_world.questions, part, 20, 1)["id"]) for part in ("train", "probe", "again")
    ]
    assert parts[0] | parts[1] == parts[2] and not parts[0] & parts[1]


def test_the_retest_asks_the_training_questions_under_other_exemplars(tiny_world):
    table, prompts = tiny_world.questions, tiny_world.prompts
    retest = splits.choose_questions(table, "retest", 0, 1)
    assert set(retest["id"]) == set(table[table["split"] == "train"]["id"])
    first, second = (
        {prompt.text for prompt in labelling.few_shot_prompts(retest, prompts[prompts["draw"] == draw])}
        for draw in (0, 1)
    )
    assert not first & second


def test_no_question_is_asked_behind_its_own_answer(tiny_world):
    table, prompts = tiny_world.questions, tiny_world.prompts
    exemplars = {name for ids in prompts["exemplars"] for name in ids}
    assert not exemplars & set(table[table["split"] != "dev"]["id"])


def test_questions_whose_answers_are_too_long_are_counted(engine, tiny_world):
    lengths = [
        min(len(engine.encoder.tokenizer(f" {text}", add_special_tokens=False)["input_ids"]) for text in texts)
        for texts in tiny_world.questions["answers"]
    ]
    for limit in (1, 2, 3):
        counted = labelling.count_unanswerable(tiny_world.questions, engine.encoder, limit)
        assert counted == sum(length > limit for length in lengths)
    assert max(lengths) == 3


def test_the_first_line_is_the_answer():
    assert labelling.first_line(" Port Alder, D.C. The\nQ: next") == "Port Alder, D.C. The"
    assert labelling.first_line("Alder\r\nQ:") == "Alder"
    assert labelling.first_line("one\u2028two") == "one\u2028two"
    assert labelling.is_verbatim(" Port Alder\n", ["x", "Port Alder"])
    assert not labelling.is_verbatim("port alder", ["Port Alder"])
    assert not labelling.is_verbatim("\nPort Alder", ["Port Alder"])
