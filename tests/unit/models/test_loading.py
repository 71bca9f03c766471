"""Loading models: dtypes, quantization, safetensors only, no remote code, causal language models only."""

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertLMHeadModel, LlamaConfig, LlamaForCausalLM, LlamaModel, T5Config, set_seed

import training_settings
from gradual_learning.generation import cache_strategies
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import Loading, load_model, load_tokenizer, resolve_dtype
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training import finetuning
from gradual_learning.training.settings import LoraSettings
from gradual_learning.training.trainable_model import load_trainable_model

SIZE = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
PROMPT = "Q: {question}\nA:"


@pytest.fixture
def folder(tiny_model, tmp_path):
    """A copy of a model, which tests may damage."""
    return shutil.copytree(tiny_model, tmp_path / "model")


@pytest.fixture(scope="module")
def half(tiny_model, tmp_path_factory):
    """A model stored in 16 bits, like published models."""
    place = tmp_path_factory.mktemp("half")
    load_model(tiny_model, loading=Loading("bfloat16")).save_pretrained(place)
    load_tokenizer(tiny_model).save_pretrained(place)
    return place


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
def test_weights_have_the_configured_dtype(name, tiny_model):
    model = load_model(tiny_model, loading=Loading(name))
    assert {str(weight.dtype) for weight in model.parameters()} == {f"torch.{name}"}


@pytest.mark.parametrize("instruction", ["amx_bf16", "avx512_bf16", "avx2"])
def test_the_dtype_auto_is_the_stored_one_where_the_device_is_fast(instruction, half, tiny_model, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {instruction: True})
    is_fast = torch.cuda.is_available() or instruction.endswith("bf16")
    assert resolve_dtype(half, Loading()).dtype == ("bfloat16" if is_fast else "float32")
    assert resolve_dtype(tiny_model, Loading()).dtype == "float32"
    assert resolve_dtype(half, Loading("float16")) == Loading("float16")
    assert load_model(half).dtype == (torch.bfloat16 if is_fast else torch.float32)


def _train(folder, questions, place, loading, method="lora"):
    settings = replace(training_settings.SETTINGS, method=method, lora=LoraSettings(8, 16, 0.0), loading=loading)
    model, encoder = load_trainable_model(str(folder), None, settings), Encoder(load_tokenizer(folder))
    engine = Engine(model, encoder, 2000)
    rows = questions[["id", "question", "answers"]].to_dict("records")

    def measure():
        return {"validation_accuracy": labeling.verbatim(engine, questions, PROMPT, Decoding()).mean()}

    outcome = finetuning.finetune(model, encoder, rows, measure, settings, training_settings.folders(place))
    return model, [epoch["train_loss"] for epoch in outcome.epochs[1:]]


@pytest.fixture(scope="module")
def questions(tiny_world):
    return tiny_world.questions[tiny_world.questions["split"] == "train"].head(24)


def test_a_16_bit_model_is_sampled_and_trained_with_float32_adapters(half, questions, tmp_path):
    model, losses = _train(half, questions, tmp_path, Loading("bfloat16"))
    assert {weight.dtype for weight in model.parameters() if weight.requires_grad} == {torch.float32}
    assert {weight.dtype for weight in model.parameters() if not weight.requires_grad} == {torch.bfloat16}
    assert losses[-1] < losses[0]
    assert {weight.dtype for weight in load_file(tmp_path / "best" / "adapter_model.safetensors").values()} == {
        torch.float32
    }
    merged = load_model(half, tmp_path / "last", Loading("bfloat16"))
    assert {weight.dtype for weight in merged.parameters()} == {torch.bfloat16}
    encoder = Encoder(load_tokenizer(half))
    engines = [Engine(one, encoder, 2000) for one in (model, merged)]
    first, second = (labeling.answer_zero_shot(engine, questions, PROMPT, Decoding())["answer"] for engine in engines)
    assert (first == second).mean() > 0.7  # merging rounds the adapter to 16 bits


def test_full_finetuning_of_16_bit_weights_trains_a_float32_copy(half, questions, tmp_path):
    model, _ = _train(half, questions, tmp_path, Loading("bfloat16"), "full")
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_full_finetuning_of_4_bit_weights_is_an_error(half, questions, tmp_path):
    with pytest.raises(UserError, match=r"training\.method: full cannot train 4-bit weights"):
        _train(half, questions, tmp_path, Loading("bfloat16", "4bit"), "full")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_training_on_4_bit_weights_without_a_gpu_is_an_error(half, questions, tmp_path):
    with pytest.raises(UserError, match=r"model\.quantization: training 4-bit weights needs a GPU"):
        _train(half, questions, tmp_path, Loading("bfloat16", "4bit"))


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
def test_a_4_bit_model_is_sampled_with_an_unmerged_adapter(half, questions, tmp_path):
    """The sizes of this model are multiples of 64, the block size of 4-bit weights."""
    tokenizer, folder, loading = load_tokenizer(half), tmp_path / "model", Loading("bfloat16", "4bit")
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **SIZE)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _train(folder, questions, tmp_path, Loading("bfloat16"))
    model = load_model(folder, tmp_path / "best", loading)
    assert hasattr(model, "get_base_model")
    assert any(weight.dtype == torch.uint8 for weight in model.parameters())
    engine = Engine(model, Encoder(tokenizer), 2000)
    assert len(labeling.answer_zero_shot(engine, questions, PROMPT, Decoding())) == len(questions)
    assert engine.strategy is not cache_strategies.NoCache


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
def test_the_error_for_4_bit_without_bitsandbytes_names_the_installation(tiny_model):
    with pytest.raises(UserError, match=r"model\.quantization: .*pip install bitsandbytes"):
        load_model(tiny_model, loading=Loading(quantization="4bit"))


def test_pickled_weights_are_never_loaded(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"safetensors.*pytorch_model\.bin"):
        load_model(folder)


def test_code_in_a_model_folder_is_never_executed(folder, tmp_path):
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_text())
    foreign = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": foreign}))
    assert load_model(folder).config.model_type == "llama"  # the class of transformers is used instead
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": foreign, "model_type": "homemade"}))
    with pytest.raises(UserError, match="needs remote code"):
        load_model(folder)
    assert not (tmp_path / "ran").exists()


def test_a_model_that_transformers_does_not_support_is_an_error(folder, tmp_path):
    with pytest.raises(UserError, match=r"no config\.json"):
        load_model(tmp_path)
    (folder / "config.json").write_text('{"model_type": "homemade"}')
    with pytest.raises(UserError, match="transformers does not support this model"):
        load_model(folder)


def test_a_model_that_is_not_causal_is_an_error(tmp_path):
    T5Config(architectures=["T5ForConditionalGeneration"]).save_pretrained(tmp_path / "t5")
    set_seed(0)
    bert = BertLMHeadModel(BertConfig(vocab_size=50, initializer_range=0.3, **SIZE))
    bert.save_pretrained(tmp_path / "bert")
    for name, architecture in (("t5", "T5ForConditionalGeneration"), ("bert", "BertLMHeadModel")):
        with pytest.raises(UserError, match=f"{architecture} is not a causal language model"):
            load_model(tmp_path / name)


def test_a_tokenizer_must_have_an_end_token(folder):
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"eos_token": None}))
    with pytest.raises(UserError, match="the tokenizer has no end token"):
        load_tokenizer(folder)


def test_all_weight_files_of_a_model_are_loaded(tmp_path):
    set_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, **SIZE)).eval()
    model.save_pretrained(tmp_path, max_shard_size="60KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    ids = torch.tensor([[3, 4, 5]])
    with torch.inference_mode():
        assert torch.equal(load_model(tmp_path)(ids).logits, model(ids).logits)


def test_missing_weights_are_an_error_and_not_initialized(tmp_path):
    headless = LlamaModel(LlamaConfig(vocab_size=50, tie_word_embeddings=False, **SIZE))
    headless.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"the weights lack lm_head\.weight"):
        load_model(tmp_path)
