"""Fine-tuning: what the loss sees, which epoch is kept, and that a killed run ends like one that was not."""

import dataclasses
import json

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import stages
from gradual_learning import epochs, labelling, models, targets, training
from gradual_learning.encoding import Encoder
from gradual_learning.measures import tables
from gradual_learning.records import UserError
from gradual_learning.sampling import Decoding, Engine

SETTINGS = dataclasses.replace(stages.SETTINGS, learning_rate=3e-3, weight_decay=0.01, lora=training.Lora(4, 8, 0.1))


@pytest.fixture(scope="module")
def rows(tiny_world):
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(30)
    return [{"id": row.id, "question": row.question, "answers": list(row.answers)} for row in table.itertuples()]


def run(folder, rows, place, settings=SETTINGS, parent=None, watch=None):
    model = training.trainable_model(str(folder), parent, settings)
    encoder = Encoder(models.load_tokenizer(folder))
    scores = iter(watch) if watch is not None else None

    def measure():
        if scores is not None:
            return {"validation_accuracy": next(scores)}
        return {
            "validation_accuracy": float(sum(p.detach().abs().sum() for p in model.parameters() if p.requires_grad))
        }

    return training.finetune(model, encoder, rows, measure, settings, stages.folders(place))


def weights(place):
    return load_file(next(place.glob("*.safetensors")))


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_only_the_answer_and_its_end_are_learned(tiny_model):
    tokenizer = models.load_tokenizer(tiny_model)
    item = targets.encode("Where was Ada born?", "Port Alder", SETTINGS.prompt, Encoder(tokenizer))
    learned = [token for token in item["labels"] if token != targets.IGNORED]
    assert learned == tokenizer(" Port Alder", add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    assert item["input_ids"][-len(learned) :] == learned
    assert item["input_ids"][: -len(learned)] == tokenizer("Q: Where was Ada born?\nA:")["input_ids"]


def test_train_accuracy_is_the_weighted_mean_of_its_categories():
    right = pd.Series([True, True, False, True, False], index=list("abcde"))
    at_base = dict(zip("abcde", ["HighlyKnown", "HighlyKnown", "Unknown", "Unknown", "Unknown"], strict=True))
    shares = epochs.train_accuracies(right, at_base)
    assert shares["train_accuracy_HighlyKnown"] == 1 and "train_accuracy_MaybeKnown" not in shares
    mean = (2 * shares["train_accuracy_HighlyKnown"] + 3 * shares["train_accuracy_Unknown"]) / 5
    assert shares["train_accuracy"] == pytest.approx(mean) == pytest.approx(0.6)
    assert set(shares) <= set(tables.LOG), "the table of learning curves finds them by name"


def test_a_stage_without_questions_has_no_train_accuracy():
    assert epochs.train_accuracies(pd.Series([], dtype=bool), {}) == {}


def test_padding_is_told_by_length_although_it_is_the_end_token(tiny_model):
    encoder = Encoder(models.load_tokenizer(tiny_model))
    items = [targets.encode("Who?", answer, SETTINGS.prompt, encoder) for answer in ("Alder", "Port Alder Mill")]
    batch = targets.collate(items, encoder.end)
    for place, item in enumerate(items):
        size = len(item["input_ids"])
        assert batch["attention_mask"][place].tolist() == [1] * size + [0] * (batch["input_ids"].shape[1] - size)
        assert batch["labels"][place][:size].tolist() == item["labels"]
        assert batch["labels"][place][size - 1] == encoder.end
        assert (batch["labels"][place][size:] == targets.IGNORED).all()


def test_padding_changes_no_loss(tiny_model):
    encoder, model = Encoder(models.load_tokenizer(tiny_model)), models.load_model(tiny_model)
    items = [targets.encode("Who?", answer, SETTINGS.prompt, encoder) for answer in ("Alder", "Port Alder Mill")]
    with torch.no_grad():
        together = model(**targets.collate(items, encoder.end)).loss
        alone = [model(**targets.collate([item], encoder.end)).loss for item in items]
    counts = [sum(label != targets.IGNORED for label in item["labels"]) for item in items]
    mean = sum(loss * count for loss, count in zip(alone, counts, strict=True)) / sum(counts)
    assert torch.allclose(together, mean, atol=1e-5)


def test_an_answer_without_tokens_is_an_error_that_names_the_question(tiny_model):
    with pytest.raises(UserError, match="question abc"):
        rows = [{"id": "abc", "question": "Who?", "answers": [""]}]
        targets.encode_all(rows, SETTINGS.prompt, Encoder(models.load_tokenizer(tiny_model)))


def test_the_first_best_epoch_is_kept_and_the_last_beside_it(tiny_model, rows, tmp_path):
    outcome = run(tiny_model, rows, tmp_path, watch=[0.5, 0.1, 0.4, 0.4, 0.2])
    assert (outcome.best_epoch, len(outcome.epochs), outcome.steps) == (2, 5, 16)
    shorter = dataclasses.replace(SETTINGS, max_epochs=2)
    run(tiny_model, rows, tmp_path / "two", shorter, watch=[0.5, 0.1, 0.4])
    assert same(weights(tmp_path / "best"), weights(tmp_path / "two" / "best"))
    assert not same(weights(tmp_path / "best"), weights(tmp_path / "convergence"))


def test_early_stopping_waits_for_its_patience(tiny_model, rows, tmp_path):
    impatient = dataclasses.replace(SETTINGS, patience=2)
    outcome = run(tiny_model, rows, tmp_path, impatient, watch=[0.9, 0.3, 0.2, 0.1])
    assert (outcome.best_epoch, len(outcome.epochs) - 1) == (1, 3)


def test_a_number_of_steps_is_kept_exactly_and_early_stopping_is_off(tiny_model, rows, tmp_path):
    fixed = dataclasses.replace(SETTINGS, steps=11, patience=1)
    outcome = run(tiny_model, rows, tmp_path, fixed, watch=[0.5, 0.4, 0.3, 0.2])
    assert outcome.steps == 11
    assert [entry["step"] for entry in outcome.epochs] == [0, 4, 8, 11]


def test_no_steps_pass_the_parent_through(tiny_model, rows, tmp_path):
    run(tiny_model, rows, tmp_path / "parent")
    parent = tmp_path / "parent" / "best"
    outcome = run(tiny_model, rows, tmp_path, dataclasses.replace(SETTINGS, steps=0), parent=str(parent))
    assert outcome.summary()["passed_through"] and same(weights(parent), weights(tmp_path / "best"))


class Killed(Exception):
    pass


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(method, tiny_model, rows, tmp_path):
    settings = dataclasses.replace(SETTINGS, method=method, schedule="linear", patience=2)
    whole = run(tiny_model, rows, tmp_path / "whole", settings, watch=[0.1, 0.2, 0.3, 0.1, 0.2])

    def until_killed():
        yield from (0.1, 0.2, 0.3)
        raise Killed

    with pytest.raises(Killed):
        run(tiny_model, rows, tmp_path / "killed", settings, watch=until_killed())
    again = run(tiny_model, rows, tmp_path / "killed", settings, watch=[0.1, 0.2])
    assert again.epochs == whole.epochs and again.best_epoch == whole.best_epoch == 2
    for name in ("best", "convergence"):
        assert same(weights(tmp_path / "whole" / name), weights(tmp_path / "killed" / name))


def test_a_run_killed_when_all_but_its_end_was_done_trains_no_more(tiny_model, rows, tmp_path, monkeypatch):
    settings, watch = dataclasses.replace(SETTINGS, patience=1), [0.1, 0.3, 0.2]
    whole = run(tiny_model, rows, tmp_path / "whole", settings, watch=watch)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(training, "_publish", lambda *_: (_ for _ in ()).throw(Killed))
        run(tiny_model, rows, tmp_path / "killed", settings, watch=watch)
    assert run(tiny_model, rows, tmp_path / "killed", settings, watch=[]) == whole
    for name in ("best", "convergence"):
        assert same(weights(tmp_path / "whole" / name), weights(tmp_path / "killed" / name))


def test_a_stage_continues_its_parents_adapter_and_leaves_the_base_alone(tiny_model, rows, tmp_path):
    before = weights(tiny_model)
    run(tiny_model, rows, tmp_path / "first")
    first = weights(tmp_path / "first" / "best")
    run(tiny_model, rows, tmp_path / "second", parent=str(tmp_path / "first" / "best"))
    second = weights(tmp_path / "second" / "best")
    assert first.keys() == second.keys() and not same(first, second)
    assert same(before, weights(tiny_model))
    for name in ("first", "second"):
        assert json.loads((tmp_path / name / "best" / "adapter_config.json").read_text())["r"] == 4


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_stage_without_questions_passes_its_parent_through(method, tiny_model, tmp_path, tiny_world):
    settings = dataclasses.replace(SETTINGS, method=method)
    outcome = run(tiny_model, [], tmp_path, settings)
    assert outcome.summary()["passed_through"] and outcome.steps == 0
    questions = tiny_world.questions.head(20)
    encoder = Encoder(models.load_tokenizer(tiny_model))
    told = [
        labelling.answer_zero_shot(
            Engine(models.load_model(tiny_model, checkpoint), encoder, 2000), questions, SETTINGS.prompt, Decoding()
        )["answer"].tolist()
        for checkpoint in (None, tmp_path / "best", tmp_path / "convergence")
    ]
    assert told[0] == told[1] == told[2]


def test_training_teaches_and_a_merged_adapter_answers_like_an_unmerged_one(tiny_model, tmp_path, tiny_world, rows):
    settings = dataclasses.replace(SETTINGS, max_epochs=25, lora=training.Lora(16, 32, 0.0))
    model = training.trainable_model(str(tiny_model), None, settings)
    encoder = Encoder(models.load_tokenizer(tiny_model))
    questions = tiny_world.questions[tiny_world.questions["id"].isin([row["id"] for row in rows])]
    engine = Engine(model, encoder, 2000)

    def measure():
        accuracy = labelling.verbatim(engine, questions, settings.prompt, Decoding()).mean()
        return {"validation_accuracy": accuracy}

    outcome = training.finetune(model, encoder, rows, measure, settings, stages.folders(tmp_path))
    accuracies = [entry["validation_accuracy"] for entry in outcome.epochs]
    assert max(accuracies) > accuracies[0] + 0.3
    merged = Engine(models.load_model(tiny_model, tmp_path / "best"), encoder, 2000)
    assert labelling.verbatim(merged, questions, settings.prompt, Decoding()).mean() == max(accuracies)


def test_a_loss_that_is_no_number_stops_the_run(tiny_model, rows, tmp_path):
    with pytest.raises(UserError, match=r"training\.learning_rate: the loss is"):
        run(tiny_model, rows, tmp_path, dataclasses.replace(SETTINGS, method="full", learning_rate=1e30))


def test_an_adapter_cannot_follow_a_whole_model(tiny_model):
    with pytest.raises(UserError, match="use full for both"):
        training.trainable_model(str(tiny_model), str(tiny_model), SETTINGS)
