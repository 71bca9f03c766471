"""The real clients against a hub on loopback: what comes, what goes wrong, and what is said then."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from hub_models import save_qwen2
from hub_server import TOKEN, Blob

CHUNK = 10 * 1024 * 1024  # bytes that the client writes at a time
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
CALL = """
import json
from gradual_learning import records
from gradual_learning.fetching import hub

def told(call):
    try:
        return f"no refusal: {{call()}}"
    except records.UserError as error:
        return str(error)

print(json.dumps({}))
"""


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory):
    """The files of a model, by name."""
    folder = save_qwen2(tmp_path_factory.mktemp("qwen2"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def start(hub, root, tmp_path):
    """Start a process that makes one call of the library `hub`."""

    def begin(call, **environment):
        own = hub.environment(tmp_path / "home", PYTHONPATH=str(root / "workflow_scripts"), **environment)
        command = [sys.executable, "-c", CALL.format(call)]
        return subprocess.Popen(
            command, cwd=tmp_path, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return begin


@pytest.fixture
def fetch(start):
    """Make one call in a process of its own; return its result, or where it fails the message of its UserError."""

    def call(text, fails=False, **environment):
        process = start(text, **environment)
        out, err = process.communicate(timeout=120)
        assert (process.returncode != 0) == fails, err
        last = err.strip().splitlines()[-1] if fails else ""
        assert not fails or last.startswith("gradual_learning.records.UserError: "), err
        return last.partition("UserError: ")[2] if fails else json.loads(out)

    return call


def model(name="org/tiny", revision="main", weights=True):
    return f"hub.fetch_model({name!r}, {revision!r}, 'model', weights={weights})"


def contents_of(hub, kind, name, path):
    """How the downloads of a file of the hub's are found among the requests: by redirect or directly."""
    blob = hub.repositories[kind, name].files("main")[path]
    return blob.oid if blob.is_large else f"/{path}"


def test_a_revision_comes_with_its_commit_and_without_what_may_hold_code(hub, fetch, qwen2, tmp_path):
    stray = {"modeling_own.py": b"import os", "pytorch_model.bin": b"pickle", "README.md": b"text"}
    other = {"onnx/model.safetensors": b"other", "consolidated.safetensors": b"other"}
    hub.add("model", "org/tiny", {**qwen2, "config.json": b"{}"})
    repository = hub.add("model", "org/tiny", qwen2 | stray | other, revision="v1/first")
    brought = fetch(model(revision="v1/first"))
    assert brought["commit"] == repository.commit("v1/first") != repository.commit("main")
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == qwen2
    assert brought["files"] == {name: len(content) for name, content in qwen2.items()}
    assert brought["sha256"] == {name: hashlib.sha256(content).hexdigest() for name, content in qwen2.items()}
    assert brought["weights"] == {name: len(qwen2[name]) for name in (FIRST, SECOND)}
    assert fetch(model(revision=brought["commit"])) == brought


def test_an_outline_tells_of_the_weights_and_leaves_them(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    brought = fetch(model(weights=False))
    assert brought["weights"] == {name: len(qwen2[name]) for name in (FIRST, SECOND)}
    assert (
        {path.name for path in (tmp_path / "model").iterdir()} == set(qwen2) - {FIRST, SECOND} == set(brought["files"])
    )
    assert not any(request.path.startswith("/cdn/") for request in hub.requests)


def test_the_token_goes_to_the_hub_and_to_no_other_host(hub, fetch, qwen2):
    hub.add("model", "org/tiny", qwen2).private = True
    fetch(model(), HF_TOKEN=TOKEN)
    elsewhere = [request.headers for request in hub.requests if request.path.startswith("/cdn/")]
    assert len(elsewhere) == 2 and not any("authorization" in headers for headers in elsewhere)
    asked = [request.headers for request in hub.requests if "/resolve/" in request.path]
    assert asked and all(headers["authorization"] == f"Bearer {TOKEN}" for headers in asked)


def test_a_broken_transfer_goes_on_where_it_broke(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    shard = contents_of(hub, "model", "org/tiny", FIRST)
    hub.fault(shard, after=CHUNK + 1000)
    fetch(model())
    assert hub.ranges(shard) == [None, f"bytes={CHUNK}-"]
    assert (tmp_path / "model" / FIRST).read_bytes() == qwen2[FIRST]


def test_a_reset_connection_is_taken_up_again(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    shard = contents_of(hub, "model", "org/tiny", FIRST)
    hub.fault(shard, after=CHUNK + 1000, manner="reset")  # which may take with it what the client has not read yet
    fetch(model())
    assert len(hub.ranges(shard)) == 2
    assert (tmp_path / "model" / FIRST).read_bytes() == qwen2[FIRST]


def test_a_server_that_fails_in_passing_is_asked_again(hub, fetch, qwen2):
    hub.add("model", "org/tiny", qwen2)
    hub.fault("/revision/main", status=500)
    hub.fault(f"/{FIRST}", status=503)
    assert fetch(model())["files"].keys() == qwen2.keys()


def test_a_killed_process_leaves_what_came_to_the_next(hub, start, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    shard = contents_of(hub, "model", "org/tiny", SECOND)
    fault = hub.fault(shard, after=CHUNK + 1000, manner="hold")
    process = start(model())
    assert fault.reached.wait(60)
    deadline = time.monotonic() + 60
    while not (parts := list((tmp_path / "model").glob("*.incomplete"))) or parts[0].stat().st_size < CHUNK:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    first = len(hub.ranges(contents_of(hub, "model", "org/tiny", FIRST)))
    fetch(model())
    assert hub.ranges(shard) == [None, f"bytes={CHUNK}-"]
    assert len(hub.ranges(contents_of(hub, "model", "org/tiny", FIRST))) == first == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == qwen2


def test_giving_up_keeps_what_came_and_says_so(hub, fetch, qwen2):
    hub.add("model", "org/tiny", qwen2)
    shard = contents_of(hub, "model", "org/tiny", FIRST)
    hub.fault(shard, after=CHUNK + 1000)
    down = hub.fault(shard, times=99, status=503)
    told = fetch(model(), fails=True)
    assert "answers 503" in told and "the same command again, and it goes on" in told
    down.times = 0
    fetch(model())
    assert hub.ranges(shard)[-1] == f"bytes={CHUNK}-"


def test_what_is_here_is_not_fetched_again_and_what_is_damaged_is(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    brought = fetch(model())
    (tmp_path / "model" / SECOND).write_bytes(bytes(len(qwen2[SECOND])))
    hub.requests.clear()
    assert fetch(model()) == brought
    fetched = [request.path.rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path]
    assert fetched == [SECOND]
    assert (tmp_path / "model" / SECOND).read_bytes() == qwen2[SECOND]


def test_a_part_that_does_not_fit_is_found_out_and_dropped(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    digest = contents_of(hub, "model", "org/tiny", FIRST)
    part = tmp_path / "model" / f".{FIRST}.{digest[:16]}.incomplete"
    part.parent.mkdir()
    part.write_bytes(bytes(1000))
    assert f"{FIRST} of model org/tiny (main) came damaged" in fetch(model(), fails=True)
    part.write_bytes(bytes(len(qwen2[FIRST]) + 10))  # longer than the file: the hub has nothing beyond it
    fetch(model())
    assert (tmp_path / "model" / FIRST).read_bytes() == qwen2[FIRST]


def prepare(hub, qwen2):
    hub.add("model", "org/tiny", qwen2)
    hub.add("model", "org/secret", qwen2).private = True
    hub.add("model", "org/gated", qwen2).gated = True
    hub.add("model", "org/pickled", {"config.json": b"{}", "vocab.json": b"{}", "pytorch_model.bin": b"pickle"})
    hub.add("model", "org/cut", {name: content for name, content in qwen2.items() if name != SECOND})
    hub.add("model", "org/adapter", {"adapter_config.json": b"{}", "adapter_model.safetensors": b""})
    hub.add("model", "org/mess", qwen2 | {"model.safetensors.index.json": b"<html>"})


REFUSALS = {
    "nobody": (
        {},
        [
            (model("org/nowhere"), ["model.name", "org/nowhere", "token is needed", "hf auth login", "HF_TOKEN"]),
            (model("org/secret"), ["model.name", "org/secret", "token is needed", "hf auth login", "HF_TOKEN"]),
            (model("org/gated"), ["model.name", "on request", "/org/gated", "HF_TOKEN"]),
            (model(revision="v9"), ["model.revision", "v9", "org/tiny"]),
            (model("a/b/c"), ["model.name", "'a/b/c'", "Qwen/Qwen2-7B"]),
            (model("org/pickled"), ["model.name", "pytorch_model.bin", "never loaded", "refs/pr/", "save_pretrained"]),
            (model("org/cut"), ["model.name", f"lacks {SECOND}", "index"]),
            (model("org/adapter"), ["model.name", "no config.json"]),
            (model("org/mess"), ["model.safetensors.index.json", "no index"]),
            ("hub.fetch_dataset('org/no', 'main', ['*'], 'data')", ["data.source", "has no dataset org/no"]),
        ],
    ),
    "a user": (
        {"HF_TOKEN": TOKEN},
        [
            (model("org/nowhere"), ["model.name", "has no model org/nowhere"]),
            (model("org/gated"), ["model.name", "on request", "/org/gated"]),
        ],
    ),
    "a user with a wrong token": ({"HF_TOKEN": "hf_wrong"}, [(model(), ["refuses the token", "HF_TOKEN"])]),
    "a user without a network": (
        {"HF_ENDPOINT": "http://127.0.0.1:9"},
        [
            (model(), ["cannot be had", "127.0.0.1:9", "model.source: local"]),
            ("hub.fetch_dataset('org/no', 'main', ['*'], 'data')", ["cannot be had", "set data.path"]),
        ],
    ),
    "a user who stays offline": (
        {"HF_HUB_OFFLINE": "1"},
        [
            (model(), ["HF_HUB_OFFLINE", "org/tiny", "Unset"]),
            ("hub.fetch_file('http://127.0.0.1:9/x', 'x')", ["HF_HUB_OFFLINE", "data.path"]),
        ],
    ),
}


@pytest.mark.parametrize("who", REFUSALS)
def test_every_refusal_names_the_key_and_the_remedy(hub, fetch, qwen2, who):
    prepare(hub, qwen2)
    environment, expected = REFUSALS[who]
    told = fetch(f"[told(lambda: {'), told(lambda: '.join(call for call, _ in expected)})]", **environment)
    for message, (call, words) in zip(told, expected, strict=True):
        assert not [word for word in words if word not in message], f"{call}: {message}"


def test_a_server_that_is_no_hub_is_named(hub, fetch):
    hub.plain["page/api/models/org/tiny/revision/main"] = Blob(b"<html>Please log in</html>")
    told = fetch(model(), fails=True, HF_ENDPOINT=f"{hub.address}/plain/page")
    assert "model.name" in told and f"{hub.address}/plain/page" in told


def test_the_users_cache_is_used_first_and_alone_where_the_user_is_offline(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    fill = "import huggingface_hub; huggingface_hub.snapshot_download('org/tiny')"
    subprocess.run([sys.executable, "-c", fill], env=hub.environment(tmp_path / "home"), check=True)
    hub.requests.clear()
    offline = fetch(model(), HF_HUB_OFFLINE="1")
    assert hub.requests == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == qwen2
    (tmp_path / "model" / FIRST).unlink()
    assert fetch(model()) == offline
    assert not any("/resolve/" in request.path for request in hub.requests)


def test_a_data_set_comes_with_the_files_asked_for(hub, fetch, tmp_path):
    files = {"data/test-0.parquet": b"a" * 600_000, "data/train-0.parquet": b"b", "test.tsv": b"c", "README.md": b"d"}
    commit = hub.add("dataset", "org/questions", files).commit("main")
    brought = fetch("hub.fetch_dataset('org/questions', 'main', ['data/*.parquet', '*.tsv'], 'data')")
    assert brought["commit"] == commit
    assert brought["files"] == {name: len(files[name]) for name in files if name != "README.md"}
    assert all((tmp_path / "data" / name).read_bytes() == files[name] for name in brought["files"])
    told = fetch("hub.fetch_dataset('org/questions', 'main', ['*.csv'], 'data')", fails=True)
    assert "data.source" in told and "*.csv" in told and "data.revision" in told


def test_a_data_set_that_has_moved_on_leaves_nothing_of_its_earlier_commit(hub, fetch, tmp_path):
    call = "hub.fetch_dataset('org/questions', 'main', ['*.parquet'], 'data')"
    hub.add("dataset", "org/questions", {"train-0-of-1.parquet": b"a"})
    fetch(call)
    hub.add("dataset", "org/questions", {"train-0-of-2.parquet": b"b", "train-1-of-2.parquet": b"c"})
    fetch(call)
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"train-0-of-2.parquet", "train-1-of-2.parquet"}


@pytest.mark.parametrize("source", ["popqa", "entity_questions"])
def test_the_script_of_the_workflow_downloads_a_data_set(hub, fetch, tmp_path, source):
    asked, answers = "Who wrote Emma?", ["Jane Austen", "NA"]
    header = "id\tsubj\tprop\tquestion\tpossible_answers\n"
    row = f'1\tEmma\tauthor\t{asked}\t"{json.dumps(answers).replace(chr(34), chr(34) * 2)}"\n'
    commit = hub.add("dataset", "akariasai/PopQA", {"test.tsv": (header + row).encode()}).commit("main")
    hub.plain["dataset.zip"] = Blob(archive(asked, answers))
    address = f"{hub.address}/plain/dataset.zip"
    call = f"main(None, None, 'raw/records.jsonl', 'raw/source.json', {source!r}, {address!r}, 'main')"
    fetch(f"__import__('download_dataset').{call}")
    found = [json.loads(line) for line in (tmp_path / "raw" / "records.jsonl").read_text().splitlines()]
    assert [row["answers"] for row in found if row["question"] == asked] == [answers]
    origin = json.loads((tmp_path / "raw" / "source.json").read_text())
    assert origin["commit"] == commit if source == "popqa" else origin["address"] == address


def archive(question, answers):
    """An archive of the official layout of EntityQuestions with one question in each split."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("relation_query_templates.json", json.dumps({"P50": "Who wrote [X]?"}))
        for split in ("train", "dev", "test"):
            rows = [{"question": question if split == "train" else f"Who wrote {split}?", "answers": answers}]
            bundle.writestr(f"dataset/{split}/P50.{split}.json", json.dumps(rows))
    return packed.getvalue()


def test_what_has_no_room_is_not_begun(hub, fetch):
    hub.add("dataset", "org/huge", {}).revisions["main"]["a.parquet"] = Blob(b"a" * 600_000, claimed=10**16)
    told = fetch("hub.fetch_dataset('org/huge', 'main', ['*.parquet'], 'data')", fails=True)
    assert "10000000.0 GB are to come" in told and "are free" in told
    assert not any("/resolve/" in request.path for request in hub.requests)


def test_files_outside_the_folder_are_refused(hub, fetch, tmp_path):
    hub.add("dataset", "org/evil", {"../outside.tsv": b"x"})
    assert "outside its folder" in fetch("hub.fetch_dataset('org/evil', 'main', ['*.tsv'], 'data')", fails=True)
    assert not (tmp_path / "outside.tsv").exists()


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_plain_file_goes_on_in_a_later_process(hub, start, fetch, tmp_path, knows_ranges):
    content = os.urandom(CHUNK + 5000)
    hub.plain["dataset.zip"], hub.knows_ranges = Blob(content), knows_ranges
    call = f"hub.fetch_file('{hub.address}/plain/dataset.zip', 'raw/dataset.zip')"
    hub.fault("/plain/dataset.zip", after=CHUNK + 1000)
    down = hub.fault("/plain/dataset.zip", times=99, status=403)
    assert "data.address: the server answers 403" in fetch(call, fails=True)
    assert not (tmp_path / "raw" / "dataset.zip").exists()
    down.times = 0
    fetch(call)
    assert hub.ranges("/plain/dataset.zip")[-1] == f"bytes={CHUNK}-"
    assert (tmp_path / "raw" / "dataset.zip").read_bytes() == content
    asked = len(hub.requests)
    fetch(call)
    assert len(hub.requests) == asked


def test_a_missing_plain_file_names_its_key(hub, fetch):
    told = fetch(f"hub.fetch_file('{hub.address}/plain/nowhere.zip', 'x.zip')", fails=True)
    assert "data.address" in told and "404" in told and "data.path" in told
