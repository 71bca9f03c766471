"""Fine-tuning on a GPU: adapters, all weights, and adapters on 4-bit weights."""

import dataclasses

import pytest

import training_settings
from gradual_learning.generation.cache_strategies import NoCache
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training import finetuning
from gradual_learning.training.settings import LoraSettings
from gradual_learning.training.trainable_model import load_trainable_model

pytestmark = pytest.mark.slow
QUESTIONS = 64
EPOCHS = 4


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def questions(world):
    return world.train.head(QUESTIONS)


@pytest.fixture(scope="module")
def encoder(model_folder):
    return Encoder(load_tokenizer(model_folder))


@pytest.fixture
def train(model_folder, questions, encoder):
    """Train a stage and measure its accuracy on the questions, as a job does; kill it before the end of an epoch."""

    def start(place, settings, killed_in=None):
        model = load_trainable_model(str(model_folder), None, settings)
        engine, epochs = Engine(model, encoder, 4096), iter(range(99))
        rows = questions[["id", "question", "answers"]].to_dict("records")

        def measure():
            if next(epochs) == killed_in:
                raise KilledError
            correct = labeling.verbatim(engine, questions, settings.prompt, Decoding(max_new_tokens=8))
            return {"validation_accuracy": float(correct.mean())}

        return finetuning.finetune(model, encoder, rows, measure, settings, training_settings.folders(place))

    return start


def settings_of(method, scale, loading):
    rate = scale.lora_rate if method == "lora" else scale.full_rate
    changes = {"method": method, "learning_rate": rate, "num_train_epochs": EPOCHS, "lora": LoraSettings(8, 16, 0.0)}
    return dataclasses.replace(training_settings.SETTINGS, loading=loading, **changes)


def losses(result):
    return [epoch["train_loss"] for epoch in result.epochs[1:]]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_loss_decreases_and_a_killed_run_resumes(method, train, scale, tmp_path):
    settings = settings_of(method, scale, Loading("bfloat16"))
    whole = train(tmp_path / "whole", settings)
    assert len(losses(whole)) == EPOCHS and losses(whole)[-1] < 0.9 * losses(whole)[0]
    with pytest.raises(KilledError):
        train(tmp_path / "killed", settings, killed_in=2)
    resumed = train(tmp_path / "killed", settings)
    assert resumed.steps == whole.steps
    # some kernels of a GPU add in any order, so the sums differ in their last bits
    assert losses(resumed) == pytest.approx(losses(whole), rel=0.05)


def test_a_trained_adapter_is_merged_and_answers_like_the_model_that_was_trained(
    train, scale, questions, model_folder, encoder, tmp_path
):
    settings = settings_of("lora", scale, Loading("float32"))
    result = train(tmp_path, settings)
    engine = Engine(load_model(model_folder, tmp_path / "last", settings.loading), encoder, 4096)
    correct = labeling.verbatim(engine, questions, settings.prompt, Decoding(max_new_tokens=8))
    assert correct.mean() == pytest.approx(result.epochs[-1]["validation_accuracy"], abs=2 / QUESTIONS)


def test_adapters_on_4_bit_weights_are_trained_and_loaded(
    needs_gpu, train, scale, questions, model_folder, encoder, tmp_path
):
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes")
    settings = settings_of("lora", scale, Loading("bfloat16", "4bit"))
    result = train(tmp_path, settings)
    assert losses(result)[-1] < 0.9 * losses(result)[0]
    engine = Engine(load_model(model_folder, tmp_path / "last", settings.loading), encoder, 4096)
    correct = labeling.verbatim(engine, questions, settings.prompt, Decoding(max_new_tokens=8))
    assert correct.mean() == pytest.approx(result.epochs[-1]["validation_accuracy"], abs=0.1)
    assert engine.strategy is not NoCache
