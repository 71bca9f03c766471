import json
import subprocess
import sys
import zipfile

import pytest

import download_dataset
import prepare_questions
from gradual_learning.data.cleaning import read_records
from gradual_learning.data.sources import registry
from gradual_learning.jobs import fingerprint
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import read_table, read_tsv
from gradual_learning.tables.schemas import QUESTIONS
from hub_server import Blob

SHARES = {"train": 0.6, "dev": 0.15, "test": 0.25}


def archive(path):
    """Write a small EntityQuestions archive and return its contents."""
    with zipfile.ZipFile(path, "w") as file:
        for split in ("train", "dev", "test"):
            rows = [{"question": f"Where was {split} {n} born?", "answers": ["NA", "1.0"]} for n in range(3)]
            file.writestr(f"dataset/{split}/P19.{split}.json", json.dumps(rows))
            file.writestr(f"dataset/{split}/P69.{split}.json", json.dumps(rows[:1]))
    return path.read_bytes()


def download(folder, source, path=None, url="", revision="main"):
    download_dataset.main(path, None, folder / "r.jsonl", folder / "s.json", source, url, revision)
    return list(read_records(folder / "r.jsonl")), json.loads((folder / "s.json").read_text())


def test_a_local_copy_is_read_recorded_and_prepared(tmp_path):
    archive(tmp_path / "d.zip")
    found, origin = download(tmp_path / "out", "entity_questions", str(tmp_path / "d.zip"))
    assert found == list(registry.read("entity_questions", tmp_path / "d.zip")) and len(found) == 12
    assert origin == {
        "source": "entity_questions",
        "path": str(tmp_path / "d.zip"),
        "sha256": fingerprint.checksum(tmp_path / "d.zip"),
        "questions": {
            "P19": {"train": 3, "dev": 3, "test": 3},
            "P69": {"train": 1, "dev": 1, "test": 1},
        },
    }
    out = tmp_path / "out"
    settings = {"multiple_answers": "any", "max_answer_words": None, "relations": ["P19"], "limits": {"train": 2}}
    prepare_questions.main(out / "r.jsonl", out / "q.parquet", out / "d.tsv", **settings, shares=SHARES, seed=1)
    table = read_table(out / "q.parquet", QUESTIONS)
    assert table["split"].value_counts().to_dict() == {"dev": 3, "test": 3, "train": 2}
    assert {tuple(answers) for answers in table["answers"]} == {("NA", "1.0")}
    assert read_tsv(out / "d.tsv")["count"].sum() == 4


def test_questions_without_a_split_are_counted(tmp_path):
    (tmp_path / "own.csv").write_text("question,answers\nWho?,Ann\nWhom?,Bo\n")
    _, origin = download(tmp_path / "out", "file", str(tmp_path / "own.csv"))
    assert origin["questions"] == {"file": {"none": 2}}


def test_an_empty_or_broken_file_leaves_no_records(tmp_path):
    for text, message in (
        ("question,answers\n", "contains no questions"),
        ("question,answers\na,b\nc\n", ":3: 1 cells"),
    ):
        (tmp_path / "own.csv").write_text(text)
        with pytest.raises(UserError, match=message):
            download(tmp_path / "out", "file", str(tmp_path / "own.csv"))
        assert list((tmp_path / "out").iterdir()) == []


def test_an_archive_is_downloaded_once_even_if_it_cannot_be_read(tmp_path, hub):
    hub.plain["dataset.zip"] = Blob(b"<html>not an archive</html>")
    for _ in range(2):
        with pytest.raises(UserError, match=r"dataset\.zip: not a readable zip archive"):
            download(tmp_path / "out", "entity_questions", url=f"{hub.address}/plain/dataset.zip")
    assert [request.method for request in hub.requests].count("GET") == 1
    hub.plain["other/dataset.zip"] = Blob(archive(tmp_path / "d.zip"))
    url = f"{hub.address}/plain/other/dataset.zip"
    found, origin = download(tmp_path / "out", "entity_questions", url=url)
    assert len(found) == 12
    assert (origin["url"], origin["sha256"]) == (url, fingerprint.checksum(tmp_path / "d.zip"))


def test_a_data_set_is_downloaded_from_the_hub_at_its_revision(tmp_path, hub, root):
    table = 'subj\tprop\tquestion\tpossible_answers\nAnn\tcapital\tWhat?\t["1.0"]\n'
    repository = hub.add("dataset", "akariasai/PopQA", {"test.tsv": b"broken"})
    hub.add("dataset", "akariasai/PopQA", {"test.tsv": table.encode(), "load.py": b"raise"}, revision="v2")
    code = "import download_dataset as d; d.main(None, None, 'raw/r.jsonl', 'raw/s.json', 'popqa', '', 'v2')"
    own = hub.environment(tmp_path / "home", PYTHONPATH=str(root / "workflow_scripts"))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=own, check=True)
    (found,) = read_records(tmp_path / "raw/r.jsonl")
    assert (found["answers"], found["relation"], found["file"]) == (["1.0"], "capital", "test.tsv")
    origin = json.loads((tmp_path / "raw/s.json").read_text())
    assert origin["repository"] == "akariasai/PopQA"
    assert (origin["revision"], origin["commit"]) == ("v2", repository.commit("v2"))
    assert not any(request.path.endswith("load.py") for request in hub.requests)


def test_an_unknown_source_is_an_error_with_a_suggestion(tmp_path):
    with pytest.raises(UserError, match="entity_questions"):
        registry.read("entity_question", tmp_path)
    with pytest.raises(UserError, match="did you mean popqa"):
        download(tmp_path / "out", "popq")


def test_an_own_file_needs_a_path(tmp_path):
    with pytest.raises(UserError, match=r"data\.path must name your file"):
        download(tmp_path / "out", "file")


def test_the_checksum_covers_names_and_contents(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "data/x.json").write_text("[]")
    first = fingerprint.checksum(tmp_path / "a")
    (tmp_path / "a/.hidden").write_text("x")
    assert fingerprint.checksum(tmp_path / "a") == first == fingerprint.checksum(tmp_path / "b")
    (tmp_path / "b/data/x.json").write_text("[1]")
    (tmp_path / "a/data/x.json").rename(tmp_path / "a/data/y.json")
    assert len({first, fingerprint.checksum(tmp_path / "a"), fingerprint.checksum(tmp_path / "b")}) == 3
    assert fingerprint.checksum(tmp_path / "b/data/x.json") == fingerprint.file_digest(tmp_path / "b/data/x.json")
