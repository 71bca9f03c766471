"""The script that fetches a base model, from the hub or a local folder; unusable models are rejected early."""

import json
import shutil
import subprocess
import sys

import pytest

import fetch_base_model
from gradual_learning.jobs import fingerprint
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.loading import load_model, read_config

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
FROM_HUB = (
    "import fetch_base_model; fetch_base_model.main(None, 'model', 'source.json', 'hub', 'org/tiny', 'main', True)"
)


@pytest.fixture
def own(qwen2_folder, tmp_path):
    """The user's own model folder, which tests may damage."""
    return shutil.copytree(qwen2_folder, tmp_path / "own")


@pytest.fixture
def fetch(tmp_path):
    def main(folder, weights=True):
        target = tmp_path / "results" / "model"
        fetch_base_model.main(str(folder), str(target), str(tmp_path / "source.json"), "local", None, "main", weights)
        return target

    return main


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
    ],
)
def test_an_unusable_folder_is_rejected_with_its_reason(own, fetch, tmp_path, damage, words):
    damage(own)
    with pytest.raises(UserError) as caught:
        fetch(own)
    assert not [word for word in words if word not in str(caught.value)], caught.value
    assert not (tmp_path / "results" / "model").exists() and not (tmp_path / "source.json").exists()


def test_the_weights_of_an_unusable_model_are_not_downloaded(hub, own, root, tmp_path):
    edit(own / "config.json", model_type="t5", architectures=["T5ForConditionalGeneration"])
    hub.add("model", "org/tiny", own)
    environment = hub.environment(tmp_path / "home", PYTHONPATH=str(root / "workflow_scripts"))
    command = [sys.executable, "-c", FROM_HUB]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and "T5ForConditionalGeneration" in done.stderr, done.stderr
    assert not [request for request in hub.requests if request.path.startswith("/cdn/")]
