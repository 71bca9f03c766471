"""Files of models, whatever is in them: read, or refused by name, without a file half written."""

import json
import shutil
from typing import Any

import pytest

from fuzzing import changed, changed_json, is_read
from gguf_models import save_llama, write_gguf, write_wheel
from gradual_learning.models.files import INDEX, WEIGHTS, count_parameters, link_model
from gradual_learning.models.gguf.conversion import convert
from gradual_learning.models.gguf.header import read_header
from gradual_learning.models.hub import wheels

SAFETENSORS_TOKENS = [b"F32", b"BF16", b"data_offsets", b'"shape":[', b"-1", b"18446744073709551615", b"{", b"}", b"]"]
GGUF_TOKENS = [b"GGUF", b"tokenizer.ggml.tokens", b"llama.block_count", (1 << 40).to_bytes(8, "little")]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return save_llama(tmp_path_factory.mktemp("llama") / "llama")


@pytest.fixture(scope="module")
def gguf(llama, tmp_path_factory):
    return write_gguf(tmp_path_factory.mktemp("gguf") / "model.gguf", llama, "Q8_0")


def test_changed_safetensors(fuzz, scratch, llama):
    folder = shutil.copytree(llama, scratch / "model")
    content = (llama / WEIGHTS).read_bytes()

    def check(header: bytes) -> bool:
        (folder / WEIGHTS).write_bytes(header + content[len(original) :])
        (scratch / "linked").mkdir(exist_ok=True)
        return is_read(
            lambda: count_parameters(folder, link_model(folder, scratch / "linked", True)["weights"]), folder
        )

    original = content[: 8 + int.from_bytes(content[:8], "little")]
    fuzz("files", 0.05, changed([original], SAFETENSORS_TOKENS), check)


def test_changed_index_of_weights(fuzz, scratch, llama):
    folder = shutil.copytree(llama, scratch / "model")
    shutil.move(folder / WEIGHTS, folder / "a.safetensors")
    (scratch / "linked").mkdir()
    tensors = json.loads((llama / WEIGHTS).read_bytes()[8:].split(b"}}")[0] + b"}}").keys() - {"__metadata__"}
    original = {"metadata": {"total_size": 1}, "weight_map": dict.fromkeys(sorted(tensors), "a.safetensors")}

    def check(index: Any) -> bool:
        (folder / INDEX).write_text(json.dumps(index))
        return is_read(
            lambda: count_parameters(folder, link_model(folder, scratch / "linked", True)["weights"]), folder
        )

    fuzz("files", 0.02, changed_json(original), check)


def test_changed_header_of_a_gguf_file(fuzz, scratch, gguf):
    path, content = scratch / "model.gguf", gguf.read_bytes()
    size = content.index(b"token_embd") + 2000

    def check(header: bytes) -> bool:
        path.write_bytes(header + content[size:])
        return is_read(lambda: read_header(path), path)

    fuzz("files", 0.02, changed([content[:size]], GGUF_TOKENS), check, few=10)


def test_conversion_of_a_changed_gguf_file(fuzz, scratch, gguf):
    path, folder, content = scratch / "model.gguf", scratch / "converted", gguf.read_bytes()
    size = content.index(b"token_embd") + 2000

    def check(header: bytes) -> bool:
        path.write_bytes(header + content[size:])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return is_read(lambda: convert(path, folder, with_weights=True), path)

    fuzz("files", 0.001, changed([content[:size]], GGUF_TOKENS), check, few=3)


def test_a_changed_wheel(fuzz, scratch):
    original = write_wheel(scratch / "index", "own", "1", {"own/a.gguf": b"GGUF" * 99}, "License: MIT\n").read_bytes()
    folder, path = scratch / "folder", scratch / "own-1-py3-none-any.whl"
    folder.mkdir()

    def check(content: bytes) -> bool:
        path.write_bytes(content)
        shutil.rmtree(folder)
        folder.mkdir()
        found = is_read(lambda: (wheels.extract_gguf(path, None, folder), wheels.read_license(path)), path.name)
        assert all(file.read_bytes() == b"GGUF" * 99 for file in folder.rglob("*")), "a file is half written"
        return found

    fuzz("files", 0.04, changed([original], [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"../"]), check)
