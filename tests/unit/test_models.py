"""Loading models: the dtype asked for, safetensors alone, no foreign code, and what is no causal language model."""

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertLMHeadModel, LlamaConfig, LlamaForCausalLM, LlamaModel, T5Config, set_seed

import stages
from gradual_learning import labelling, models, rows, training
from gradual_learning.encoding import Encoder
from gradual_learning.models import Loading
from gradual_learning.records import UserError
from gradual_learning.sampling import Decoding, Engine

SIZE = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
PROMPT = "Q: {question}\nA:"


@pytest.fixture
def folder(tiny_model, tmp_path):
    """Copy a model, for a test to spoil."""
    return shutil.copytree(tiny_model, tmp_path / "model")


@pytest.fixture(scope="module")
def half(tiny_model, tmp_path_factory):
    """Store a model in 16 bits, as published ones are."""
    place = tmp_path_factory.mktemp("half")
    models.load_model(tiny_model, loading=Loading("bfloat16")).save_pretrained(place)
    models.load_tokenizer(tiny_model).save_pretrained(place)
    return place


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
def test_weights_have_the_dtype_asked_for(name, tiny_model):
    model = models.load_model(tiny_model, loading=Loading(name))
    assert {str(weight.dtype) for weight in model.parameters()} == {f"torch.{name}"}


def test_without_a_name_the_dtype_is_float32_on_a_processor_and_the_stored_one_on_a_gpu(half, tiny_model):
    there = torch.cuda.is_available()
    assert models.resolve(half, Loading()).dtype == ("bfloat16" if there else "float32")
    assert models.resolve(tiny_model, Loading()).dtype == "float32"
    assert models.resolve(half, Loading("float16")) == Loading("float16")
    assert models.load_model(half).dtype == (torch.bfloat16 if there else torch.float32)


def _train(folder, taught, place, loading, method="lora"):
    settings = replace(stages.SETTINGS, method=method, lora=training.Lora(8, 16, 0.0), loading=loading)
    model, encoder = training.trainable_model(str(folder), None, settings), Encoder(models.load_tokenizer(folder))
    engine = Engine(model, encoder, 2000)
    rows = taught[["id", "question", "answers"]].to_dict("records")

    def measure():
        return {"validation_accuracy": labelling.verbatim(engine, taught, PROMPT, Decoding()).mean()}

    outcome = training.finetune(model, encoder, rows, measure, settings, stages.folders(place))
    return model, [epoch["train_loss"] for epoch in outcome.epochs[1:]]


@pytest.fixture(scope="module")
def taught(tiny_world):
    return tiny_world.questions[tiny_world.questions["split"] == "train"].head(24)


def test_a_16_bit_model_is_sampled_and_gets_float32_adapters(half, taught, tmp_path):
    model, losses = _train(half, taught, tmp_path, Loading("bfloat16"))
    assert {weight.dtype for weight in model.parameters() if weight.requires_grad} == {torch.float32}
    assert {weight.dtype for weight in model.parameters() if not weight.requires_grad} == {torch.bfloat16}
    assert losses[-1] < losses[0]
    assert {weight.dtype for weight in load_file(tmp_path / "best" / "adapter_model.safetensors").values()} == {
        torch.float32
    }
    merged = models.load_model(half, tmp_path / "convergence", Loading("bfloat16"))
    assert {weight.dtype for weight in merged.parameters()} == {torch.bfloat16}
    encoder = Encoder(models.load_tokenizer(half))
    told = [labelling.answer_zero_shot(Engine(it, encoder, 2000), taught, PROMPT, Decoding()) for it in (model, merged)]
    assert (told[0]["answer"] == told[1]["answer"]).mean() > 0.7  # 16 bits round a merged adapter


def test_of_all_16_bit_weights_a_float32_copy_is_trained(half, taught, tmp_path):
    model, _ = _train(half, taught, tmp_path, Loading("bfloat16"), "full")
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_all_4_bit_weights_cannot_be_trained(half, taught, tmp_path):
    with pytest.raises(UserError, match=r"training\.method: full cannot train 4-bit weights"):
        _train(half, taught, tmp_path, Loading("bfloat16", "4bit"), "full")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_4_bit_weights_are_not_trained_without_a_gpu(half, taught, tmp_path):
    with pytest.raises(UserError, match=r"model\.quantization: 4-bit weights can be trained on a GPU only"):
        _train(half, taught, tmp_path, Loading("bfloat16", "4bit"))


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
def test_a_4_bit_model_is_sampled_and_keeps_its_adapter_beside_it(half, taught, tmp_path):
    """4-bit weights come in blocks of 64, so do those of this model."""
    tokenizer, folder, loading = models.load_tokenizer(half), tmp_path / "model", Loading("bfloat16", "4bit")
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **SIZE)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _train(folder, taught, tmp_path, Loading("bfloat16"))
    model = models.load_model(folder, tmp_path / "best", loading)
    assert hasattr(model, "get_base_model")
    assert any(weight.dtype == torch.uint8 for weight in model.parameters())
    engine = Engine(model, Encoder(tokenizer), 2000)
    assert len(labelling.answer_zero_shot(engine, taught, PROMPT, Decoding())) == len(taught)
    assert engine.way is not rows.Recomputed


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
def test_4_bit_without_its_library_is_an_error_that_says_what_to_install(tiny_model):
    with pytest.raises(UserError, match=r"model\.quantization: .*pip install bitsandbytes"):
        models.load_model(tiny_model, loading=Loading(quantization="4bit"))


def test_pickled_weights_are_never_read(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"safetensors.*pytorch_model\.bin"):
        models.load_model(folder)


def test_code_in_a_model_folder_is_never_run(folder, tmp_path):
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_text())
    foreign = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": foreign}))
    assert models.load_model(folder).config.model_type == "llama"  # a class of transformers takes its place
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": foreign, "model_type": "homemade"}))
    with pytest.raises(UserError, match="needs code of its own"):
        models.load_model(folder)
    assert not (tmp_path / "ran").exists()


def test_what_is_no_model_that_transformers_knows_is_an_error(folder, tmp_path):
    with pytest.raises(UserError, match=r"no config\.json"):
        models.load_model(tmp_path)
    (folder / "config.json").write_text('{"model_type": "homemade"}')
    with pytest.raises(UserError, match="no model that transformers knows"):
        models.load_model(folder)


def test_a_model_that_does_not_write_from_left_to_right_is_an_error(tmp_path):
    T5Config(architectures=["T5ForConditionalGeneration"]).save_pretrained(tmp_path / "t5")
    set_seed(0)
    bert = BertLMHeadModel(BertConfig(vocab_size=50, initializer_range=0.3, **SIZE))
    bert.save_pretrained(tmp_path / "bert")
    for name, architecture in (("t5", "T5ForConditionalGeneration"), ("bert", "BertLMHeadModel")):
        with pytest.raises(UserError, match=f"{architecture} is no causal language model"):
            models.load_model(tmp_path / name)


def test_a_tokenizer_must_have_an_end_token(folder):
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"eos_token": None}))
    with pytest.raises(UserError, match="the tokenizer has no end token"):
        models.load_tokenizer(folder)


def test_a_sharded_model_is_loaded_whole(tmp_path):
    set_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, **SIZE)).eval()
    model.save_pretrained(tmp_path, max_shard_size="60KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    ids = torch.tensor([[3, 4, 5]])
    with torch.inference_mode():
        assert torch.equal(models.load_model(tmp_path)(ids).logits, model(ids).logits)


def test_weights_that_are_missing_are_not_made_up(tmp_path):
    headless = LlamaModel(LlamaConfig(vocab_size=50, tie_word_embeddings=False, **SIZE))
    headless.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"the weights lack lm_head\.weight"):
        models.load_model(tmp_path)
