"""What answers were made of is known by its contents, and shards of different origin are not put together."""

import random
import shutil

import pandas as pd
import pytest

from gradual_learning import provenance, records
from gradual_learning.records import ANSWERS, UserError

HASHED = {"model": "a", "questions": "b"}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(random.Random(1).randbytes(5000))
    return folder


def test_a_copy_is_the_same_and_a_changed_file_is_not(model, tmp_path):
    copy = shutil.copytree(model, tmp_path / "copy")
    assert provenance.content_hash(copy) == provenance.content_hash(model)
    (copy / "config.json").write_text("[]")
    assert provenance.content_hash(copy) != provenance.content_hash(model)


def test_names_count(model):
    before = provenance.content_hash(model)
    (model / "config.json").rename(model / "other.json")
    assert provenance.content_hash(model) != before


@pytest.mark.parametrize("place", [0, 2500, 4999])
def test_large_files_are_told_by_head_end_and_pieces_between(place, model, monkeypatch):
    monkeypatch.setattr(provenance, "WHOLE", 1000)
    monkeypatch.setattr(provenance, "PIECE", 10)
    monkeypatch.setattr(provenance, "PIECES", 21)
    before, file = provenance.content_hash(model), model / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    changed = provenance.content_hash(model)
    file.write_bytes(data + b"0")
    assert len({before, changed, provenance.content_hash(model)}) == 3


def shard(path, made_of):
    table = pd.DataFrame([("00ff", 0, "Alder", ["Alder"])], columns=ANSWERS.names)
    records.write_table(table, ANSWERS, path, made_of)
    return str(path)


def test_shards_made_of_the_same_are_put_together(tmp_path):
    paths = [shard(tmp_path / name, HASHED) for name in "ab"]
    assert len(provenance.gather(paths, ANSWERS)) == 2


@pytest.mark.parametrize("other", [{**HASHED, "model": "c"}, {"questions": "b"}, {**HASHED, "checkpoint": "d"}])
def test_a_shard_made_of_something_else_is_named(other, tmp_path):
    paths = [shard(tmp_path / "1-of-2", HASHED), shard(tmp_path / "2-of-2", other)]
    with pytest.raises(UserError, match=r"2-of-2: made of other (model|checkpoint) than .*1-of-2\. Remove"):
        provenance.gather(paths, ANSWERS)


def test_the_same_contents_described_twice_are_the_same(model, tmp_path):
    (tmp_path / "a.py").write_text("1")
    files = {"model": str(model), "code": [str(tmp_path / "a.py")]}
    told = [provenance.describe(files, settings) for settings in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2})]
    assert told[0] == told[1] and {key for key in told[0] if told[0][key] != told[2][key]} == {"settings"}
