"""The base model is described without its weights, as it will be once it exists."""

import json
import shutil

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

from gradual_learning.models.loading import Loading, load_tokenizer
from gradual_learning.models.pretraining import Pretraining
from gradual_learning.plan import model_spec
from gradual_learning.training.settings import LoraSettings
from gradual_learning.training.trainable_model import adapter_config

LORA = LoraSettings(r=4, lora_alpha=8, lora_dropout=0.0)


@pytest.fixture(scope="module")
def spec(tiny_world):
    """The model of the fixture ``tiny_model``."""
    settings = Pretraining(1, "words", 0, 64, 2, 4, 32, 8, 8e-3, 20, 0.5, 0.01, 0.98)
    return model_spec.from_documents(tiny_world.documents, tiny_world.facts, settings, Loading())


def test_a_pretrained_model_is_described_before_pretraining(spec, tiny_model, tiny_world):
    real = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert spec.parameters == real.num_parameters()
    assert spec.stored_bytes == spec.loaded_bytes == 4 * spec.parameters
    assert spec.tokenizer.get_vocab() == load_tokenizer(tiny_model).get_vocab()
    assert spec.is_pretrained and spec.sequences.shape[1] == 32
    assert len(spec.statements) == len(tiny_world.facts)


@pytest.mark.parametrize(
    ("own", "name", "is_linked"),
    [
        ({"source": "hub", "name": "org/tiny"}, "org/tiny at 0123456789ab", False),
        ({"source": "local", "path": "my/model"}, "my/model", True),
        ({"source": "local", "path": "my.gguf", "gguf": {"file": "my.gguf"}}, "my.gguf", False),
        ({"source": "package", "name": "own-model", "revision": "0.1.2", "gguf": {}}, "own-model 0.1.2", False),
    ],
)
def test_a_model_from_elsewhere_is_described_without_weights(tiny_model, tmp_path, own, name, is_linked):
    for file in tiny_model.iterdir():
        if file.suffix == ".json":
            shutil.copy2(file, tmp_path / file.name)
    model = own | {"commit": "0123456789abcdef", "weight_bytes": 777}
    (tmp_path / "model_source.json").write_text(json.dumps(model))
    spec = model_spec.from_model_config(tmp_path, tmp_path / "model_source.json", Loading("bfloat16", "none"))
    assert spec.name == name and spec.stored_bytes == 777 and spec.is_linked == is_linked
    assert spec.dtype == torch.bfloat16 and spec.loaded_bytes == 2 * spec.parameters
    assert not spec.is_pretrained


def test_trainable_weights_are_those_of_real_adapters(spec, tiny_model):
    real = AutoModelForCausalLM.from_pretrained(tiny_model)
    adapted = peft.get_peft_model(real, adapter_config(LORA, real))
    assert model_spec.count_trainable(spec, "lora", LORA) == adapted.get_nb_trainable_parameters()[0]
    assert model_spec.count_trainable(spec, "full", LORA) == spec.parameters
