"""Archives that others have made: nothing is written, nothing outside is read, and nothing grows out of proportion."""

import json
import zipfile

import pytest

from gradual_learning.data.sources import registry
from gradual_learning.jobs.errors import UserError

ROW = json.dumps([{"question": "Who?", "answers": ["Ann"]}])
INSIDE = "dataset/train/P1.train.json"


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../dataset/train/P2.train.json", "/dataset/train/P2.train.json", "a\\..\\b.json"])
def test_members_outside_the_archive_are_ignored(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    records = list(registry.read("entity_questions", archive(folder / "a.zip", {INSIDE: ROW, name: ROW})))
    assert [record["file"] for record in records] == [INSIDE]
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "a.zip"]


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    (tmp_path / "secret.json").write_text(ROW)
    link = zipfile.ZipInfo("dataset/train/P2.train.json")
    link.create_system, link.external_attr = 3, 0o120777 << 16  # a symbolic link of Unix
    path = archive(tmp_path / "a.zip", {INSIDE: ROW, link: str(tmp_path / "secret.json")})
    with pytest.raises(UserError, match=r"P2\.train\.json:1:1: broken JSON"):  # the link itself, read as a file
        list(registry.read("entity_questions", path))


def test_a_file_that_grows_out_of_proportion_is_not_read(tmp_path):
    path = archive(tmp_path / "a.zip", {INSIDE: bytes(101_000_000)})
    with pytest.raises(UserError, match=r"a\.zip:dataset/train/P1\.train\.json: grows from 0\.1 MB to 0\.1 GB"):
        list(registry.read("entity_questions", path))


def test_a_text_that_shrinks_well_is_read(tmp_path):
    rows = [{"question": f"Who is {number}?", "answers": ["Ann"] * 40} for number in range(9_000)]
    path = archive(tmp_path / "a.zip", {INSIDE: json.dumps(rows)})
    assert len(list(registry.read("entity_questions", path))) == 9_000


def test_damage_is_named_whatever_the_method_of_compression_says(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr(INSIDE, ROW)
    content = bytearray(path.read_bytes())
    start = content.index(INSIDE.encode()) + len(INSIDE) + 9  # behind the properties of the compressor
    path.write_bytes(content[:start] + b"\xff" * 12 + content[start + 12 :])
    with pytest.raises(UserError, match=r"a\.zip:dataset/train/P1\.train\.json: not a readable zip archive"):
        list(registry.read("entity_questions", path))
