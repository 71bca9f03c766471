"""The job of a stage: what it writes, and that a kill between two of its outputs changes none of them."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM, PeftConfig

import finetune
import training_settings
from gradual_learning.generation.decoding import Decoding
from gradual_learning.models.loading import load_model
from gradual_learning.tables.files import read_json_lines, write_json_lines, write_table
from gradual_learning.tables.schemas import CATEGORIES, PROMPTS, QUESTIONS
from gradual_learning.training.stage import OUTPUTS, StageJob

pytestmark = pytest.mark.slow
SETTINGS = dataclasses.replace(training_settings.SETTINGS, num_train_epochs=2)
FILES = ("best", "last", "training_log.jsonl", "summary.json")


@pytest.fixture(scope="module")
def inputs(tiny_world, tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    questions = tiny_world.questions
    train = questions[questions["split"] == "train"].head(16)
    rows = [
        {
            "id": row.id,
            "question": row.question,
            "answers": list(row.answers),
            "category_at_base": CATEGORIES[place % 2],
        }
        for place, row in enumerate(train.itertuples())
    ]
    paths = {name: folder / name for name in ("data", "questions", "prompts")}
    write_json_lines(rows, paths["data"])
    write_table(questions, QUESTIONS, paths["questions"])
    write_table(tiny_world.prompts, PROMPTS, paths["prompts"])
    return {"model": str(tiny_model)} | {name: str(path) for name, path in paths.items()}


@pytest.fixture
def job(inputs, tmp_path):
    outputs = {name: str(tmp_path / file) for name, file in zip(OUTPUTS, FILES, strict=True)}
    code = ["engine.py 1"]
    return StageJob("known/seed1", inputs, outputs, code, SETTINGS, Decoding(max_new_tokens=6), False, 2000)


def train(job):
    finetune.main(job, torch_threads=1, gpu_count=0)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def expected(inputs, tmp_path_factory):
    """The files of an uninterrupted job."""
    folder = tmp_path_factory.mktemp("whole")
    outputs = {name: str(folder / file) for name, file in zip(OUTPUTS, FILES, strict=True)}
    train(StageJob("known/seed1", inputs, outputs, ["engine.py 1"], SETTINGS, Decoding(max_new_tokens=6), False, 2000))
    return contents(folder)


def test_the_outputs_are_complete_and_nothing_else_is_left(expected):
    weights = {
        f"{epoch}/{file}" for epoch in ("best", "last") for file in ("adapter_model.safetensors", "adapter_config.json")
    }
    assert set(expected) == {*weights, "training_log.jsonl", "summary.json"}
    summary = json.loads(expected["summary.json"])
    assert (summary["checkpoint"], summary["seed"], summary["questions"]) == ("known/seed1", 1, 16)
    assert (summary["epochs"], summary["steps"]) == (2, 4)


HUB = {"source": "hub", "name": "org/tiny", "commit": "c0ffee", "files": {}}


@pytest.mark.parametrize("record", [{"source": "pretrain"}, HUB])
def test_an_adapter_names_a_base_model_that_is_found_from_any_folder(record, job, tiny_model, tmp_path, monkeypatch):
    (tmp_path / "source.json").write_text(json.dumps(record))
    monkeypatch.chdir(tiny_model.parent)
    inputs = job.inputs | {"model": tiny_model.name, "model_source": str(tmp_path / "source.json")}
    train(dataclasses.replace(job, inputs=inputs, settings=dataclasses.replace(SETTINGS, max_steps=1)))
    monkeypatch.chdir("/")
    best = Path(job.outputs["best"])
    config = PeftConfig.from_pretrained(best)
    if record is HUB:
        assert (config.base_model_name_or_path, config.revision) == ("org/tiny", "c0ffee")
    else:
        model, ids = AutoPeftModelForCausalLM.from_pretrained(best), torch.tensor([[1, 2, 3]])
        expected = load_model(tiny_model, best)
        assert torch.allclose(model(ids).logits, expected(ids).logits, atol=1e-5)


def test_the_summary_distinguishes_weights(expected):
    weights = json.loads(expected["summary.json"])["weights"]
    same = expected["best/adapter_model.safetensors"] == expected["last/adapter_model.safetensors"]
    assert (weights["best"] == weights["last"]) == same and len(weights["best"]) == 64


def test_validation_and_train_questions_are_measured_after_every_epoch(expected, tmp_path):
    (tmp_path / "log").write_bytes(expected["training_log.jsonl"])
    epochs = read_json_lines(tmp_path / "log")
    measured = {"validation_accuracy", "train_accuracy", *(f"train_accuracy_{name}" for name in CATEGORIES[:2])}
    assert [epoch["epoch"] for epoch in epochs] == [0, 1, 2]
    assert all(set(epoch) == {"epoch", "step", "train_loss", *measured} for epoch in epochs)
    assert all(0 <= epoch[name] <= 1 for epoch in epochs for name in measured)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_job_killed_before_an_output_was_written_ends_with_the_same_outputs(output, job, expected, caplog):
    path = Path(job.outputs[output])
    is_folder = output in ("best", "last")
    path.touch() if is_folder else path.mkdir()  # in the way of the output
    with pytest.raises(OSError, match=path.name):
        train(job)
    assert job.work.is_dir()
    for written in map(Path, job.outputs.values()):  # Snakemake removes the outputs of a job that was killed
        shutil.rmtree(written) if written.is_dir() else written.unlink(missing_ok=True)
    caplog.clear()
    caplog.set_level("INFO")
    train(job)
    assert contents(path.parent) == expected
    assert not [line for line in caplog.messages if line.startswith("epoch ")], "a finished epoch was trained again"


def test_a_job_with_other_settings_does_not_resume(job, expected):
    path = Path(job.outputs["best"])
    path.touch()
    with pytest.raises(OSError, match="best"):
        train(dataclasses.replace(job, settings=dataclasses.replace(SETTINGS, learning_rate=1e-3)))
    path.unlink()
    train(job)
    assert contents(path.parent) == expected
