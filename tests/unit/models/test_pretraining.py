"""Pretraining: a standard Hugging Face folder, a lossless tokenizer, and runs that resume."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from gradual_learning.jobs import resume, trainer_checkpoints, trainer_log
from gradual_learning.jobs.errors import UserError
from gradual_learning.models import pretraining

SETTINGS = pretraining.Pretraining(1, "words", 0, 32, 1, 2, 16, 4, 5e-3, 2, 0.5, 0.01, 0.98)


@pytest.mark.parametrize("kind", ["words", "bytes"])
def test_the_tokenizer_reproduces_every_document(kind, tiny_world):
    texts = tiny_world.documents["text"].drop_duplicates().tolist()
    tokenizer = pretraining.build_tokenizer(texts, kind, 500)
    assert all(tokenizer.decode(tokenizer(text)["input_ids"]) == text for text in texts)


@pytest.mark.parametrize("kind", ["words", "bytes"])
def test_prompt_and_answer_tokenized_separately_equal_the_whole(kind, tiny_world):
    tokenizer = pretraining.build_tokenizer(tiny_world.documents["text"].tolist(), kind, 500)
    for row in tiny_world.questions.head(40).itertuples():
        prompt, answer = f"Q: {row.question}\nA:", f" {row.answers[0]}"
        parts = tokenizer(prompt)["input_ids"] + tokenizer(answer, add_special_tokens=False)["input_ids"]
        assert parts == tokenizer(prompt + answer)["input_ids"]


def test_the_word_tokenizer_has_every_word_of_the_questions(tiny_world):
    tokenizer = pretraining.build_tokenizer(tiny_world.documents["text"].tolist(), "words", 0)
    taught = tiny_world.facts[tiny_world.facts["split"] == "taught"]["question"]
    assert all(tokenizer.unk_token_id not in tokenizer(f"Q: {text}\nA:\nQ: {text}")["input_ids"] for text in taught)


def test_rows_contain_the_documents_in_order(tiny_world):
    texts = tiny_world.documents["text"].head(50).tolist()
    tokenizer = pretraining.build_tokenizer(texts, "words", 0)
    text = tokenizer.decode(pretraining.pack(texts, tokenizer, 16).flatten(), skip_special_tokens=False)
    whole = "".join(f"{text}{pretraining.EOS}" for text in texts)
    assert len(text) > 0.9 * len(whole)
    assert text.replace(" ", "") == whole.replace(" ", "")[: len(text.replace(" ", ""))]


def test_too_few_documents_are_an_error_that_names_the_key():
    tokenizer = pretraining.build_tokenizer(["one two"], "words", 0)
    with pytest.raises(UserError, match=r"pretraining\.sequence_length"):
        pretraining.pack(["one two"], tokenizer, 64)


def test_the_auto_classes_load_the_folder(tiny_model):
    assert list(tiny_model.glob("*.safetensors")) and not list(tiny_model.glob("*.bin"))
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_model), AutoTokenizer.from_pretrained(tiny_model)
    assert model.config.vocab_size == len(tokenizer)
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert tokenizer.eos_token_id == model.generation_config.eos_token_id


class InterruptError(Exception):
    pass


def test_an_interrupted_run_resumes_and_ends_with_the_same_weights_and_log(tiny_world, tmp_path, monkeypatch):
    texts = tiny_world.documents["text"].head(400).tolist()
    whole, work = tmp_path / "whole", resume.open_work_folder(tmp_path / "work", ["a"])
    expected = pretraining.pretrain(texts, SETTINGS, resume.open_work_folder(whole, ["a"]), whole / "model")
    log = trainer_log.LogProgress.on_log

    def interrupt(self, args, state, control, **kwargs):
        if state.global_step > state.max_steps * 0.6:
            raise InterruptError
        log(self, args, state, control, **kwargs)

    monkeypatch.setattr(trainer_log.LogProgress, "on_log", interrupt)
    with pytest.raises(InterruptError):
        pretraining.pretrain(texts, SETTINGS, work, tmp_path / "model")
    monkeypatch.undo()
    assert trainer_checkpoints.last_checkpoint(work) is not None and not (tmp_path / "model").exists()
    history = pretraining.pretrain(texts, SETTINGS, work, tmp_path / "model")
    weights = [
        AutoModelForCausalLM.from_pretrained(path).state_dict() for path in (whole / "model", tmp_path / "model")
    ]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert history == expected
