"""Fingerprints depend on content and names, and shards from different inputs are never combined."""

import random
import shutil

import pandas as pd
import pytest

from gradual_learning.jobs import fingerprint
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import gather, write_table
from gradual_learning.tables.schemas import ANSWERS

HASHED = {"model": "a", "questions": "b"}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(random.Random(1).randbytes(5000))
    return folder


def test_a_copy_has_the_same_hash_and_a_changed_file_another(model, tmp_path):
    copy = shutil.copytree(model, tmp_path / "copy")
    assert fingerprint.content_hash(copy) == fingerprint.content_hash(model)
    (copy / "config.json").write_text("[]")
    assert fingerprint.content_hash(copy) != fingerprint.content_hash(model)


def test_file_names_count(model):
    before = fingerprint.content_hash(model)
    (model / "config.json").rename(model / "other.json")
    assert fingerprint.content_hash(model) != before


@pytest.mark.parametrize("place", [0, 2500, 4999])
def test_large_files_are_hashed_at_head_end_and_blocks_between(place, model, monkeypatch):
    monkeypatch.setattr(fingerprint, "MAX_FULL_BYTES", 1000)
    monkeypatch.setattr(fingerprint, "BLOCK_BYTES", 10)
    monkeypatch.setattr(fingerprint, "BLOCKS", 21)
    before, file = fingerprint.content_hash(model), model / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    changed = fingerprint.content_hash(model)
    file.write_bytes(data + b"0")
    assert len({before, changed, fingerprint.content_hash(model)}) == 3


def shard(path, made_of):
    table = pd.DataFrame([("00ff", 0, "Alder", ["Alder"])], columns=ANSWERS.names)
    write_table(table, ANSWERS, path, made_of)
    return str(path)


def test_shards_from_the_same_inputs_are_combined(tmp_path):
    paths = [shard(tmp_path / name, HASHED) for name in "ab"]
    assert len(gather(paths, ANSWERS)) == 2


@pytest.mark.parametrize("other", [{**HASHED, "model": "c"}, {"questions": "b"}, {**HASHED, "checkpoint": "d"}])
def test_a_shard_from_other_inputs_is_named(other, tmp_path):
    paths = [shard(tmp_path / "1-of-2", HASHED), shard(tmp_path / "2-of-2", other)]
    with pytest.raises(UserError, match=r"2-of-2: made of other (model|checkpoint) than .*1-of-2\. Remove"):
        gather(paths, ANSWERS)


def test_equal_content_has_an_equal_description(model, tmp_path):
    files, code = {"model": str(model)}, ["a.py 1", "b.py 2"]
    described = [fingerprint.describe(files, code, settings) for settings in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {})]
    described.append(fingerprint.describe(files, ["a.py 1", "b.py 3"], {"a": 1, "b": 2}))
    assert described[0] == described[1]
    assert {key for key in described[0] if described[0][key] != described[2][key]} == {"settings"}
    assert {key for key in described[0] if described[0][key] != described[3][key]} == {"code"}


def test_the_code_of_a_rule_is_found_among_its_params():
    assert fingerprint.code_of({"settings": {}, "code_0": "a.py 1", "path": None, "code_1": "b.py 2"}) == [
        "a.py 1",
        "b.py 2",
    ]
