"""Fine-tuning: which epochs are kept, and that a killed run ends with the weights of one that was not."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file

import training_settings
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training import finetuning
from gradual_learning.training.settings import LoraSettings
from gradual_learning.training.trainable_model import load_trainable_model, merged_adapter

SETTINGS = dataclasses.replace(
    training_settings.SETTINGS, learning_rate=3e-3, weight_decay=0.01, lora=LoraSettings(4, 8, 0.1)
)
FOUR_STEPS = 30  # questions: 4 steps of 8 per epoch


@pytest.fixture(scope="module")
def rows(tiny_world):
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(FOUR_STEPS)
    return [{"id": row.id, "question": row.question, "answers": list(row.answers)} for row in table.itertuples()]


def run(folder, rows, place, settings=SETTINGS, parent=None, accuracies=None):
    """Train a stage; ``accuracies`` are measured in turn, or else a number that depends on all trained weights."""
    model = load_trainable_model(str(folder), parent, settings)
    encoder = Encoder(load_tokenizer(folder))
    left = iter(accuracies) if accuracies is not None else None

    def measure():
        total = sum(float(weight.detach().abs().sum()) for weight in model.parameters() if weight.requires_grad)
        return {"validation_accuracy": total if left is None else next(left)}

    return finetuning.finetune(model, encoder, rows, measure, settings, training_settings.folders(place))


def weights(place):
    return load_file(next(place.glob("*.safetensors")))


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def assert_same_checkpoints(first, second):
    for name in ("best", "last"):
        assert same(weights(first / name), weights(second / name)), name


def test_the_first_best_epoch_and_the_last_epoch_are_kept(tiny_model, rows, tmp_path):
    result = run(tiny_model, rows, tmp_path, accuracies=[0.5, 0.1, 0.4, 0.4, 0.2])
    assert (result.best_epoch, len(result.epochs), result.steps) == (2, 5, 16)
    shorter = dataclasses.replace(SETTINGS, num_train_epochs=2)
    run(tiny_model, rows, tmp_path / "two", shorter, accuracies=[0.5, 0.1, 0.4])
    assert same(weights(tmp_path / "best"), weights(tmp_path / "two" / "best"))
    assert not same(weights(tmp_path / "best"), weights(tmp_path / "last"))


def test_a_question_of_weight_zero_teaches_nothing(tiny_model, rows, tmp_path):
    settings = dataclasses.replace(SETTINGS, batch_size=30, max_steps=2, lora=LoraSettings(4, 8, 0))
    heavy, light = [row | {"weight": 1.5} for row in rows[:20]], [row | {"weight": 0} for row in rows[20:]]
    swapped = [row | {"answers": other["answers"]} for row, other in zip(light, reversed(light), strict=True)]
    taught = [heavy + light, heavy + swapped, rows]
    for place, questions in zip(("first", "second", "all"), taught, strict=True):
        run(tiny_model, questions, tmp_path / place, settings, accuracies=[0.1, 0.2, 0.3])
    first, second, whole = (weights(tmp_path / place / "last") for place in ("first", "second", "all"))
    assert all(torch.allclose(first[key], second[key], atol=1e-4) for key in first)
    assert not all(torch.allclose(first[key], whole[key], atol=1e-4) for key in first)


def test_early_stopping_waits_for_its_patience(tiny_model, rows, tmp_path):
    settings = dataclasses.replace(SETTINGS, early_stopping_patience=2)
    result = run(tiny_model, rows, tmp_path, settings, accuracies=[0.9, 0.3, 0.2, 0.1])
    assert (result.best_epoch, len(result.epochs) - 1) == (1, 3)


def test_max_steps_is_exact_and_turns_early_stopping_off(tiny_model, rows, tmp_path):
    settings = dataclasses.replace(SETTINGS, max_steps=11, early_stopping_patience=1)
    result = run(tiny_model, rows, tmp_path, settings, accuracies=[0.5, 0.4, 0.3, 0.2])
    assert result.steps == 11
    assert [entry["step"] for entry in result.epochs] == [0, 4, 8, 11]


def test_no_steps_pass_the_parent_through(tiny_model, rows, tmp_path):
    run(tiny_model, rows, tmp_path / "parent")
    parent = tmp_path / "parent" / "best"
    result = run(tiny_model, rows, tmp_path, dataclasses.replace(SETTINGS, max_steps=0), parent=str(parent))
    assert result.summary()["passed_through"] and same(weights(parent), weights(tmp_path / "best"))


class KilledError(Exception):
    pass


def then_killed(*accuracies):
    yield from accuracies
    raise KilledError


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(method, tiny_model, rows, tmp_path):
    settings = dataclasses.replace(SETTINGS, method=method, lr_scheduler_type="linear", early_stopping_patience=2)
    whole = run(tiny_model, rows, tmp_path / "whole", settings, accuracies=[0.1, 0.2, 0.3, 0.1, 0.2])
    with pytest.raises(KilledError):
        run(tiny_model, rows, tmp_path / "killed", settings, accuracies=then_killed(0.1, 0.2, 0.3))
    resumed = run(tiny_model, rows, tmp_path / "killed", settings, accuracies=[0.1, 0.2])
    assert resumed == whole and resumed.best_epoch == 2
    assert_same_checkpoints(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
@pytest.mark.parametrize("output", ["best", "last"])
@pytest.mark.parametrize(
    "changes",
    [{"early_stopping_patience": 1}, {"num_train_epochs": 2}, {"max_steps": 6}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_run_killed_before_an_output_was_written_does_not_train_again(changes, output, tiny_model, rows, tmp_path):
    settings, accuracies = dataclasses.replace(SETTINGS, **changes), [0.1, 0.3, 0.2]
    whole = run(tiny_model, rows, tmp_path / "whole", settings, accuracies=accuracies)
    place = tmp_path / "killed"
    place.mkdir()
    (place / output).touch()  # a file in the way of the folder
    with pytest.raises(OSError, match=output):
        run(tiny_model, rows, place, settings, accuracies=accuracies)
    (place / output).unlink()
    assert run(tiny_model, rows, place, settings, accuracies=[]) == whole
    assert_same_checkpoints(tmp_path / "whole", place)


@pytest.mark.slow
def test_a_stage_continues_its_parents_adapter_and_leaves_the_base_model_alone(tiny_model, rows, tmp_path):
    before = weights(tiny_model)
    run(tiny_model, rows, tmp_path / "first")
    first = weights(tmp_path / "first" / "best")
    run(tiny_model, rows, tmp_path / "second", parent=str(tmp_path / "first" / "best"))
    second = weights(tmp_path / "second" / "best")
    assert first.keys() == second.keys() and not same(first, second)
    assert same(before, weights(tiny_model))
    for name in ("first", "second"):
        assert json.loads((tmp_path / name / "best" / "adapter_config.json").read_text())["r"] == 4


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_adapter_is_merged_for_a_measurement_and_all_weights_are_restored(dtype, tiny_model, rows, tmp_path):
    run(tiny_model, rows, tmp_path)
    settings = dataclasses.replace(SETTINGS, loading=Loading(dtype))
    model = load_trainable_model(str(tiny_model), str(tmp_path / "best"), settings).eval()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    inputs = torch.tensor([[5, 6, 7]])
    with torch.inference_mode():
        apart = model(inputs).logits
        with merged_adapter(model):
            merged = model(inputs).logits
            changed = [name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])]
    assert bool(changed) == (dtype == "float32"), "16 bits would round the adapter"
    torch.testing.assert_close(merged, apart)
    assert same(before, model.state_dict())


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_stage_without_questions_passes_its_parent_through(method, tiny_model, tmp_path, tiny_world):
    settings = dataclasses.replace(SETTINGS, method=method)
    result = run(tiny_model, [], tmp_path, settings)
    assert result.summary()["passed_through"] and result.steps == 0
    questions, encoder = tiny_world.questions.head(20), Encoder(load_tokenizer(tiny_model))
    answers = [
        labeling.answer_zero_shot(
            Engine(load_model(tiny_model, checkpoint), encoder, 2000), questions, SETTINGS.prompt, Decoding()
        )["answer"].tolist()
        for checkpoint in (None, tmp_path / "best", tmp_path / "last")
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.slow
def test_training_teaches_and_a_merged_adapter_answers_like_an_unmerged_one(tiny_model, tmp_path, tiny_world, rows):
    settings = dataclasses.replace(SETTINGS, num_train_epochs=25, lora=LoraSettings(16, 32, 0.0))
    model = load_trainable_model(str(tiny_model), None, settings)
    encoder = Encoder(load_tokenizer(tiny_model))
    questions = tiny_world.questions[tiny_world.questions["id"].isin([row["id"] for row in rows])]
    engine = Engine(model, encoder, 2000)

    def measure():
        accuracy = labeling.verbatim(engine, questions, settings.prompt, Decoding()).mean()
        return {"validation_accuracy": accuracy}

    result = finetuning.finetune(model, encoder, rows, measure, settings, training_settings.folders(tmp_path))
    accuracies = [entry["validation_accuracy"] for entry in result.epochs]
    assert max(accuracies) > accuracies[0] + 0.3
    merged = Engine(load_model(tiny_model, tmp_path / "best"), encoder, 2000)
    assert labeling.verbatim(merged, questions, settings.prompt, Decoding()).mean() == max(accuracies)


def test_a_loss_that_is_not_finite_stops_the_run(tiny_model, rows, tmp_path):
    with pytest.raises(UserError, match=r"training\.learning_rate: the loss is"):
        run(tiny_model, rows, tmp_path, dataclasses.replace(SETTINGS, method="full", learning_rate=1e30))


def test_an_adapter_cannot_follow_a_whole_model(tiny_model):
    with pytest.raises(UserError, match="use full for both"):
        load_trainable_model(str(tiny_model), str(tiny_model), SETTINGS)


@pytest.mark.parametrize(("ratio", "steps"), [(0.0, 0), (0.5, 4), (1.0, 8)])
def test_warmup_lasts_for_its_share_of_all_steps(ratio, steps, tmp_path):
    settings = dataclasses.replace(SETTINGS, warmup_ratio=ratio, num_train_epochs=4, batch_size=8)
    arguments = finetuning._arguments(settings, 16, tmp_path, eval_on_start=False)
    assert arguments.get_warmup_steps(8) == steps
