"""Downloads of models with the real clients, from a hub on loopback: complete, resumed, verified, cached."""

import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest

CHUNK = 10 * 1024 * 1024  # bytes that the client writes at a time
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def model(revision="main", weights=True):
    """Return the expression that downloads the model."""
    return f"download.fetch_model('org/tiny', {revision!r}, 'model', weights={weights})"


def path_ending(hub, path):
    """Return the end of the request path for a file of the model: of its redirect if it is large."""
    blob = hub.repositories["model", "org/tiny"].files("main")[path]
    return blob.oid if blob.is_large else f"/{path}"


def test_a_revision_is_downloaded_without_files_that_may_contain_code(hub, fetch, qwen2, tmp_path):
    stray = {"modeling_own.py": b"import os", "pytorch_model.bin": b"pickle", "README.md": b"text"}
    other = {"onnx/model.safetensors": b"other", "consolidated.safetensors": b"other"}
    hub.add("model", "org/tiny", {**qwen2, "config.json": b"{}"})
    repository = hub.add("model", "org/tiny", qwen2 | stray | other, revision="v1/first")
    fetched = fetch(model(revision="v1/first"))
    assert fetched["commit"] == repository.commit("v1/first") != repository.commit("main")
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == qwen2
    assert fetched["files"] == {name: len(content) for name, content in qwen2.items()}
    assert fetched["sha256"] == {name: hashlib.sha256(content).hexdigest() for name, content in qwen2.items()}
    assert fetched["weights"] == {name: len(qwen2[name]) for name in (FIRST, SECOND)}
    assert fetch(model(revision=fetched["commit"])) == fetched


def test_without_weights_their_sizes_are_returned_but_not_the_files(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    fetched = fetch(model(weights=False))
    assert fetched["weights"] == {name: len(qwen2[name]) for name in (FIRST, SECOND)}
    small = set(qwen2) - {FIRST, SECOND}
    assert {path.name for path in (tmp_path / "model").iterdir()} == small == set(fetched["files"])
    assert not any(request.path.startswith("/cdn/") for request in hub.requests)


def test_a_broken_transfer_resumes(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    shard = path_ending(hub, FIRST)
    hub.fault(shard, after=CHUNK + 1000)
    fetch(model())
    assert hub.ranges(shard) == [None, f"bytes={CHUNK}-"]
    assert (tmp_path / "model" / FIRST).read_bytes() == qwen2[FIRST]


def test_a_transfer_resumes_after_a_reset_connection(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    shard = path_ending(hub, FIRST)
    hub.fault(shard, after=CHUNK + 1000, manner="reset")  # data that the client has not read yet may be lost
    fetch(model())
    assert len(hub.ranges(shard)) == 2
    assert (tmp_path / "model" / FIRST).read_bytes() == qwen2[FIRST]


def test_requests_are_repeated_after_server_errors(hub, fetch, qwen2):
    hub.add("model", "org/tiny", qwen2)
    hub.fault("/revision/main", status=500)
    hub.fault(f"/{FIRST}", status=503)
    assert fetch(model())["files"].keys() == qwen2.keys()


def test_a_process_resumes_the_download_of_a_killed_process(hub, start, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    shard = path_ending(hub, SECOND)
    fault = hub.fault(shard, after=CHUNK + 1000, manner="hold")
    process = start(model())
    assert fault.reached.wait(60)
    deadline = time.monotonic() + 60
    while not (parts := list((tmp_path / "model").glob("*.incomplete"))) or parts[0].stat().st_size < CHUNK:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    fetch(model())
    assert hub.ranges(shard) == [None, f"bytes={CHUNK}-"]
    assert len(hub.ranges(path_ending(hub, FIRST))) == 1, "a complete file was downloaded again"
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == qwen2


@pytest.mark.slow
def test_a_failed_download_is_kept_and_resumed(hub, fetch, qwen2):
    hub.add("model", "org/tiny", qwen2)
    shard = path_ending(hub, FIRST)
    hub.fault(shard, after=CHUNK + 1000)
    down = hub.fault(shard, times=99, status=503)
    message = fetch(model(), fails=True)
    assert "status 503" in message and "rerun the same command to resume" in message
    down.times = 0
    fetch(model())
    assert hub.ranges(shard)[-1] == f"bytes={CHUNK}-"


def test_only_missing_and_damaged_files_are_downloaded_again(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    fetched = fetch(model())
    (tmp_path / "model" / SECOND).write_bytes(bytes(len(qwen2[SECOND])))
    hub.requests.clear()
    assert fetch(model()) == fetched
    names = [request.path.rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path]
    assert names == [SECOND]
    assert (tmp_path / "model" / SECOND).read_bytes() == qwen2[SECOND]


def test_a_wrong_partial_file_is_detected_and_removed(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    part = tmp_path / "model" / f".{FIRST}.{path_ending(hub, FIRST)[:16]}.incomplete"
    part.parent.mkdir()
    part.write_bytes(bytes(1000))
    assert f"{FIRST} of model org/tiny (main) was damaged" in fetch(model(), fails=True)
    part.write_bytes(bytes(len(qwen2[FIRST]) + 10))  # longer than the file, so the range does not exist
    fetch(model())
    assert (tmp_path / "model" / FIRST).read_bytes() == qwen2[FIRST]


def test_the_cache_of_the_user_is_used_first_and_exclusively_when_offline(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    fill = "import huggingface_hub; huggingface_hub.snapshot_download('org/tiny')"
    subprocess.run([sys.executable, "-c", fill], env=hub.environment(tmp_path / "home"), check=True)
    hub.requests.clear()
    offline = fetch(model(), HF_HUB_OFFLINE="1")
    assert hub.requests == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == qwen2
    (tmp_path / "model" / FIRST).unlink()
    assert fetch(model()) == offline
    assert hub.requests and not any("/resolve/" in request.path for request in hub.requests)
