"""Downloads of data sets from a hub on loopback, and of plain files from the web."""

import io
import json
import os
import zipfile

import pytest

from hub_server import Blob

CHUNK = 10 * 1024 * 1024  # bytes that the client writes at a time


def test_the_files_that_match_the_patterns_are_downloaded(hub, fetch, tmp_path):
    files = {"data/test-0.parquet": b"a" * 600_000, "data/train-0.parquet": b"b", "test.tsv": b"c", "README.md": b"d"}
    commit = hub.add("dataset", "org/questions", files).commit("main")
    fetched = fetch("download.fetch_dataset('org/questions', 'main', ['data/*.parquet', '*.tsv'], 'data')")
    assert fetched["commit"] == commit
    assert fetched["files"] == {name: len(files[name]) for name in files if name != "README.md"}
    assert all((tmp_path / "data" / name).read_bytes() == files[name] for name in fetched["files"])
    message = fetch("download.fetch_dataset('org/questions', 'main', ['*.csv'], 'data')", fails=True)
    assert "data.source" in message and "*.csv" in message and "data.revision" in message


def test_files_of_an_earlier_commit_are_removed(hub, fetch, tmp_path):
    call = "download.fetch_dataset('org/questions', 'main', ['*.parquet'], 'data')"
    hub.add("dataset", "org/questions", {"train-0-of-1.parquet": b"a"})
    fetch(call)
    hub.add("dataset", "org/questions", {"train-0-of-2.parquet": b"b", "train-1-of-2.parquet": b"c"})
    fetch(call)
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"train-0-of-2.parquet", "train-1-of-2.parquet"}


@pytest.mark.parametrize("source", ["popqa", "entity_questions"])
def test_the_script_of_the_workflow_downloads_a_data_set(hub, fetch, tmp_path, source):
    question, answers = "Who wrote Emma?", ["Jane Austen", "NA"]
    header = "id\tsubj\tprop\tquestion\tpossible_answers\n"
    row = f'1\tEmma\tauthor\t{question}\t"{json.dumps(answers).replace(chr(34), chr(34) * 2)}"\n'
    commit = hub.add("dataset", "akariasai/PopQA", {"test.tsv": (header + row).encode()}).commit("main")
    hub.plain["dataset.zip"] = Blob(archive(question, answers))
    url = f"{hub.address}/plain/dataset.zip"
    call = f"main(None, None, 'raw/records.jsonl', 'raw/source.json', {source!r}, {url!r}, 'main')"
    fetch(f"__import__('download_dataset').{call}")
    records = [json.loads(line) for line in (tmp_path / "raw" / "records.jsonl").read_text().splitlines()]
    assert [record["answers"] for record in records if record["question"] == question] == [answers]
    origin = json.loads((tmp_path / "raw" / "source.json").read_text())
    assert origin["commit"] == commit if source == "popqa" else url in origin.values()


def archive(question, answers):
    """Return an archive in the official layout of EntityQuestions with one question in each split."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("relation_query_templates.json", json.dumps({"P50": "Who wrote [X]?"}))
        for split in ("train", "dev", "test"):
            rows = [{"question": question if split == "train" else f"Who wrote {split}?", "answers": answers}]
            bundle.writestr(f"dataset/{split}/P50.{split}.json", json.dumps(rows))
    return packed.getvalue()


@pytest.mark.parametrize("supports_ranges", [True, False])
def test_a_web_file_is_resumed_by_a_later_process(hub, fetch, tmp_path, supports_ranges):
    content = os.urandom(CHUNK + 5000)
    hub.plain["dataset.zip"], hub.supports_ranges = Blob(content), supports_ranges
    call = f"download.fetch_file('{hub.address}/plain/dataset.zip', 'raw/dataset.zip')"
    hub.fault("/plain/dataset.zip", after=CHUNK + 1000)
    down = hub.fault("/plain/dataset.zip", times=99, status=403)
    message = fetch(call, fails=True)
    assert "data.url" in message and "status 403" in message
    assert not (tmp_path / "raw" / "dataset.zip").exists()
    down.times = 0
    fetch(call)
    assert hub.ranges("/plain/dataset.zip")[-1] == f"bytes={CHUNK}-"
    assert (tmp_path / "raw" / "dataset.zip").read_bytes() == content
    before = len(hub.requests)
    fetch(call)
    assert len(hub.requests) == before
