"""A base model is brought whole, from the hub or a local folder, or refused before its weights are fetched."""

import json
import shutil
import subprocess
import sys

import pytest

import fetch_base_model
from gradual_learning import models, records
from hub_models import save_qwen2

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
FROM_HUB = (
    "import fetch_base_model; fetch_base_model.main(None, 'model', 'source.json', 'hub', 'org/tiny', 'main', True)"
)


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory):
    return save_qwen2(tmp_path_factory.mktemp("qwen2"))


@pytest.fixture
def given(qwen2, tmp_path):
    """A user's own folder, to be spoilt."""
    return shutil.copytree(qwen2, tmp_path / "given")


@pytest.fixture
def bring(tmp_path):
    def main(folder, weights=True):
        target = tmp_path / "results" / "model"
        fetch_base_model.main(str(folder), str(target), str(tmp_path / "source.json"), "local", None, "main", weights)
        return target

    return main


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_local_folder_is_linked_not_copied(given, bring, tmp_path):
    (given / "pytorch_model.bin").write_bytes(b"pickle")
    model = bring(given)
    files = sorted(path.name for path in given.iterdir() if path.suffix != ".bin")
    assert sorted(path.name for path in model.iterdir()) == files
    assert all(path.is_symlink() and path.read_bytes() == (given / path.name).read_bytes() for path in model.iterdir())
    told = json.loads((tmp_path / "source.json").read_text())
    loaded = models.load_model(model)
    assert told["parameters"] == sum(weight.numel() for weight in loaded.parameters())
    assert told["weight_bytes"] == sum((given / name).stat().st_size for name in (FIRST, SECOND))
    assert told["files"][FIRST]["sha256"] == records.file_digest(given / FIRST)
    assert (told["source"], told["path"], told["architecture"]) == ("local", str(given), "Qwen2ForCausalLM")
    bring(given)
    assert {path.name for path in given.iterdir()} == {*files, "pytorch_model.bin"}


def test_an_outline_has_no_weights_but_their_size(given, bring, tmp_path):
    model = bring(given, weights=False)
    assert not list(model.glob("*.safetensors"))
    assert models.read_config(model).hidden_size == 256
    told = json.loads((tmp_path / "source.json").read_text())
    assert told["weight_bytes"] == sum((given / name).stat().st_size for name in (FIRST, SECOND))


def cut(folder):
    with open(folder / SECOND, "r+b") as file:
        file.truncate(1_000_000)


def swap(folder):
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"]["lm_head.weight"] = FIRST
    index["weight_map"]["model.norm.weight"] = SECOND
    (folder / INDEX).write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut, [SECOND, "not a whole safetensors file"]),
        (swap, [INDEX, f"is not in {FIRST}"]),
        (lambda folder: (folder / SECOND).unlink(), ["model.path", f"lacks {SECOND}"]),
        (lambda folder: (folder / "config.json").unlink(), ["model.path", "no config.json"]),
        (lambda folder: (folder / "tokenizer.json").unlink(), ["model.path", "no tokenizer"]),
        (lambda folder: edit(folder / "config.json", model_type="unheard_of"), ["config.json", "transformers"]),
        (
            lambda folder: edit(folder / "config.json", model_type="t5", architectures=["T5Model"]),
            ["T5Model", "causal"],
        ),
        (lambda folder: [path.unlink() for path in folder.glob("model*")], ["model.path", "safetensors"]),
        (shutil.rmtree, ["model.path: there is no folder"]),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given, bring, tmp_path, spoil, words):
    spoil(given)
    with pytest.raises(records.UserError) as told:
        bring(given)
    assert not [word for word in words if word not in str(told.value)], told.value
    assert not (tmp_path / "results" / "model").exists() and not (tmp_path / "source.json").exists()


def test_no_weights_are_fetched_of_a_model_that_cannot_be_used(hub, given, root, tmp_path):
    edit(given / "config.json", model_type="t5", architectures=["T5ForConditionalGeneration"])
    hub.add("model", "org/tiny", given)
    own = hub.environment(tmp_path / "home", PYTHONPATH=str(root / "workflow_scripts"))
    done = subprocess.run([sys.executable, "-c", FROM_HUB], cwd=tmp_path, env=own, capture_output=True, text=True)
    assert done.returncode != 0 and "T5ForConditionalGeneration" in done.stderr, done.stderr
    assert not [request for request in hub.requests if request.path.startswith("/cdn/")]
