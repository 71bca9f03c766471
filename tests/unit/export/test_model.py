"""Exported models: weights merged with one rounding, generation settings, adapters that name their base model."""

import json
import shutil

import pytest
import torch
from peft import PeftConfig
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, set_seed

from gradual_learning.export import model
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.training.settings import LoraSettings
from gradual_learning.training.trainable_model import adapter_config

SAMPLING = {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "repetition_penalty": 1.1}


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def base(request, tiny_model, tmp_path_factory):
    """A base model whose settings of ``generate`` differ from those of the evaluation, as of many published models."""
    folder = tmp_path_factory.mktemp("base")
    load_model(tiny_model, loading=Loading(request.param)).save_pretrained(folder)
    load_tokenizer(tiny_model).save_pretrained(folder)
    GenerationConfig(**SAMPLING, eos_token_id=[7, 8], pad_token_id=5, bos_token_id=1).save_pretrained(folder)
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    return folder


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    """An adapter that changes the model, with weights of float32."""
    from peft import get_peft_model

    set_seed(1)
    trained = load_model(base, loading=Loading("float32"))
    trained = get_peft_model(trained, adapter_config(LoraSettings(4, 8, 0.0), trained))
    with torch.no_grad():
        for name, weight in trained.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05)
    folder = tmp_path_factory.mktemp("adapter")
    trained.save_pretrained(folder)
    return folder


@pytest.fixture
def merged(base, adapter, tmp_path):
    model.write_merged(str(base), str(adapter), tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("accuracies", "seed"),
    [({3: 0.2, 1: 0.5, 2: 0.4}, 1), ({7: 0.5, 4: 0.5, 1: 0.3}, 4), ({2: 0.0}, 2)],
)
def test_the_best_seed_is_the_lowest_of_those_with_the_highest_accuracy(accuracies, seed):
    assert model.best_seed(accuracies) == seed


def test_merged_weights_have_the_stored_dtype_and_are_rounded_once(base, adapter, merged):
    exact = load_model(base, adapter, Loading("float32")).state_dict()
    stored, before = load_file(merged / "model.safetensors"), load_file(base / "model.safetensors")
    assert stored.keys() == before.keys()
    for name, weight in stored.items():
        assert weight.dtype == before[name].dtype
        assert torch.equal(weight, exact[name].to(weight.dtype)), name
    assert not torch.equal(stored["model.layers.0.mlp.up_proj.weight"], before["model.layers.0.mlp.up_proj.weight"])


def test_a_merged_model_loads_without_this_project(base, merged):
    loaded = AutoModelForCausalLM.from_pretrained(merged)
    assert str(loaded.dtype) == f"torch.{json.loads((base / 'config.json').read_text())['dtype']}"
    assert loaded.config.use_cache
    tokenizers = [AutoTokenizer.from_pretrained(folder) for folder in (base, merged)]
    assert tokenizers[0].get_vocab() == tokenizers[1].get_vocab()
    assert (merged / "chat_template.jinja").read_text() == (base / "chat_template.jinja").read_text()
    assert (merged / "model.safetensors").stat().st_mode == (merged / "config.json").stat().st_mode


def test_a_whole_fine_tuned_model_is_stored_like_the_base_model(base, adapter, tmp_path):
    whole = tmp_path / "whole"
    load_model(base, adapter, Loading("float32")).save_pretrained(whole)
    (tmp_path / "exported").mkdir()
    model.write_merged(str(base), str(whole), tmp_path / "exported")
    stored, exact = (load_file(folder / "model.safetensors") for folder in (tmp_path / "exported", whole))
    dtype = load_file(base / "model.safetensors")["model.norm.weight"].dtype
    assert all(torch.equal(weight, exact[name].to(dtype)) for name, weight in stored.items())


def write_adapter(base, adapter, folder, origin):
    folder.mkdir()
    model.write_adapter(str(base), str(adapter), folder, origin)
    return folder


def test_generate_is_greedy_and_ends_where_training_ends_answers(base, adapter, merged, tmp_path):
    end = load_tokenizer(base).eos_token_id
    for folder in (merged, write_adapter(base, adapter, tmp_path / "adapter", {})):
        settings = GenerationConfig.from_pretrained(folder)
        assert not settings.do_sample and settings.eos_token_id == [end, 7, 8] and settings.pad_token_id == 5
        assert not set(SAMPLING) & {name for name, value in settings.to_diff_dict().items() if value}


def test_an_adapter_names_its_base_model_where_others_can_get_it(base, adapter, tmp_path):
    origin = {"name": "owner/name", "commit": "0123abcd"}
    folder = write_adapter(base, adapter, tmp_path / "hub", origin)
    config = PeftConfig.from_pretrained(folder)
    assert (config.base_model_name_or_path, config.revision) == ("owner/name", "0123abcd")
    folder = write_adapter(base, adapter, tmp_path / "local", {})
    assert PeftConfig.from_pretrained(folder).base_model_name_or_path is None
    assert str(base) not in (folder / "adapter_config.json").read_text()
    weights = (path / "adapter_model.safetensors" for path in (folder, adapter))
    assert len({path.read_bytes() for path in weights}) == 1


def test_a_base_model_without_settings_of_generate_is_exported(base, adapter, tmp_path):
    bare = shutil.copytree(base, tmp_path / "bare")
    (bare / "generation_config.json").unlink()
    settings = GenerationConfig.from_pretrained(write_adapter(bare, adapter, tmp_path / "adapter", {}))
    assert settings.eos_token_id == load_tokenizer(bare).eos_token_id and settings.pad_token_id is not None


def test_a_whole_model_has_no_adapter(base, tmp_path):
    with pytest.raises(UserError, match=r"export\.format: .* is a whole model"):
        model.write_adapter(str(base), str(base), tmp_path, {})
