"""Every error of a download names the configuration key and the remedy."""

import gzip
import json

import pytest

from hub_server import TOKEN, Answer, Blob, Hub

SECOND = "model-00002-of-00002.safetensors"


def model(name="org/tiny", revision="main"):
    return f"download.fetch_model({name!r}, {revision!r}, 'model', weights=True)"


def gguf(file, name="org/files"):
    return f"download.fetch_gguf({name!r}, 'main', {file!r}, 'model')"


@pytest.fixture
def repositories(hub, qwen2):
    hub.add("model", "org/tiny", qwen2)
    hub.add("model", "org/secret", qwen2).private = True
    hub.add("model", "org/gated", qwen2).gated = True
    hub.add("model", "org/pickled", {"config.json": b"{}", "vocab.json": b"{}", "pytorch_model.bin": b"pickle"})
    hub.add("model", "org/files", {"b.gguf": b"b", "a/a.gguf": b"a", "README.md": b"text"})
    hub.add("model", "org/cut", {name: content for name, content in qwen2.items() if name != SECOND})
    hub.add("model", "org/adapter", {"adapter_config.json": b"{}", "adapter_model.safetensors": b""})
    hub.add("model", "org/mess", qwen2 | {"model.safetensors.index.json": b"<html>"})


ERRORS = {  # environment of the user; expressions and words of their messages
    "no token": (
        {},
        [
            (model("org/nowhere"), ["model.name", "org/nowhere", "private", "hf auth login", "HF_TOKEN"]),
            (model("org/secret"), ["model.name", "org/secret", "private", "hf auth login", "HF_TOKEN"]),
            (model("org/gated"), ["model.name", "gated", "/org/gated", "HF_TOKEN"]),
            (model(revision="v9"), ["model.revision", "v9", "org/tiny"]),
            (model("a/b/c"), ["model.name", "'a/b/c'", "Qwen/Qwen2-7B"]),
            (model("org/pickled"), ["model.name", "pytorch_model.bin", "never loaded", "refs/pr/", "save_pretrained"]),
            (model("org/files"), ["model.name", "no config.json", "Set model.gguf_file to one of", "a/a.gguf, b.gguf"]),
            (gguf("a.gguf"), ["model.gguf_file", "has no file a.gguf", "a/a.gguf, b.gguf"]),
            (gguf("a.gguf", "org/nowhere"), ["model.name", "org/nowhere", "private"]),
            (model("org/cut"), ["model.name", f"lacks {SECOND}", "index"]),
            (model("org/adapter"), ["model.name", "is a LoRA adapter"]),
            (model("org/mess"), ["model.safetensors.index.json", "not an index"]),
            ("download.fetch_dataset('org/no', 'main', ['*'], 'data')", ["data.source", "has no dataset org/no"]),
        ],
    ),
    "a valid token": (
        {"HF_TOKEN": TOKEN},
        [
            (model("org/nowhere"), ["model.name", "has no model org/nowhere"]),
            (model("org/gated"), ["model.name", "Request access", "/org/gated"]),
        ],
    ),
    "a wrong token": ({"HF_TOKEN": "hf_wrong"}, [(model(), ["refuses the token", "HF_TOKEN"])]),
    "no network": (
        {"HF_ENDPOINT": "http://127.0.0.1:9"},
        [
            (model(), ["cannot download", "127.0.0.1:9", "model.source to local"]),
            ("download.fetch_dataset('org/no', 'main', ['*'], 'data')", ["cannot download", "set data.path"]),
        ],
    ),
    "offline": (
        {"HF_HUB_OFFLINE": "1"},
        [
            (model(), ["HF_HUB_OFFLINE", "org/tiny", "Unset"]),
            ("download.fetch_file('http://127.0.0.1:9/x', 'x')", ["HF_HUB_OFFLINE", "data.path"]),
        ],
    ),
    "offline for transformers only": ({"TRANSFORMERS_OFFLINE": "yes"}, [(model(), ["TRANSFORMERS_OFFLINE", "Unset"])]),
}


@pytest.mark.parametrize("user", ERRORS)
def test_an_error_names_the_key_and_the_remedy(repositories, fetch, user):
    environment, expected = ERRORS[user]
    calls = ", ".join(f"error_of(lambda: {call})" for call, _ in expected)
    messages = fetch(f"[{calls}]", **environment)
    for message, (call, words) in zip(messages, expected, strict=True):
        assert not message.startswith("no error")
        assert not [word for word in words if word not in message], f"{call}: {message}"


def test_a_server_that_is_not_a_hub_is_named(hub, fetch):
    hub.plain["page/api/models/org/tiny/revision/main"] = Blob(b"<html>Please log in</html>")
    message = fetch(model(), fails=True, HF_ENDPOINT=f"{hub.address}/plain/page")
    assert "model.name" in message and f"{hub.address}/plain/page" in message


def test_the_token_is_sent_to_the_hub_and_to_no_other_host(hub, fetch, qwen2):
    hub.add("model", "org/tiny", qwen2).private = True
    fetch(model(), HF_TOKEN=TOKEN)
    other_host = [request.headers for request in hub.requests if request.path.startswith("/cdn/")]
    assert len(other_host) == 2 and not any("authorization" in headers for headers in other_host)
    at_hub = [request.headers for request in hub.requests if "/resolve/" in request.path]
    assert at_hub and all(headers["authorization"] == f"Bearer {TOKEN}" for headers in at_hub)


@pytest.mark.parametrize("ending", ["/revision/main", "/config.json"])
def test_the_token_follows_no_redirect_to_another_host(hub, fetch, qwen2, ending):
    hub.add("model", "org/tiny", qwen2)
    other = Hub()
    other.add("model", "org/tiny", qwen2)
    commit = hub.repositories["model", "org/tiny"].commit("main")
    paths = {"/revision/main": "/api/models/org/tiny/revision/main?blobs=true"}
    path = paths.get(ending, f"/org/tiny/resolve/{commit}{ending}")
    hub.answers[ending] = Answer(302, {"Location": f"{other.address}{path}"})
    fetch(model(), HF_TOKEN=TOKEN)
    other.stop()
    assert other.requests and not any("authorization" in request.headers for request in other.requests)


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a"])
@pytest.mark.parametrize("ending", ["/revision/main", "/config.json"])
def test_a_redirect_away_from_the_web_is_refused(hub, fetch, qwen2, tmp_path, ending, place):
    hub.add("model", "org/tiny", qwen2)
    hub.answers[ending] = Answer(302, {"Location": place})
    message = fetch(model(), fails=True)
    assert "model.name: cannot download" in message and "unsupported protocol" in message
    assert not (tmp_path / "model" / "config.json").exists()


def test_an_answer_that_grows_when_it_is_decompressed_is_stopped(hub, fetch, qwen2, tmp_path):
    hub.add("model", "org/tiny", qwen2)
    bomb = gzip.compress(bytes(50_000_000))
    hub.answers["/config.json"] = Answer(200, {"Content-Encoding": "gzip"}, bomb)
    assert "the server sends more than the" in fetch(model(), fails=True)
    assert sum(path.stat().st_size for path in (tmp_path / "model").rglob("*")) < 1_000_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rfilename": "a\nb.json"}, "a file with the name 'a\\nb.json'"),
        ({"rfilename": "x" * 300}, "a file with the name 'xxx"),
        ({"rfilename": "config.json/x"}, "the name 'config.json' twice"),
        ({"rfilename": "./config.json"}, "outside its folder"),
        ({"size": -1}, "without size and hash"),
        ({"blobId": "../../x"}, "without size and hash"),
    ],
)
def test_an_unusable_list_of_files_is_refused(hub, fetch, change, words):
    entry = {"rfilename": "config.json", "size": 2, "blobId": "0" * 40}
    listing = {"id": "org/tiny", "sha": "0" * 40, "siblings": [entry, entry | {"rfilename": "tokenizer.json"} | change]}
    hub.answers["/revision/main"] = Answer(200, {}, json.dumps(listing).encode())
    message = fetch(model(), fails=True)
    assert "model.name" in message and words in message


def test_an_answer_that_is_no_list_of_files_is_named(hub, fetch):
    for body in (b'{"siblings": 3}', b"[]", b'{"id": "org/tiny", "sha": null, "siblings": []}'):
        hub.answers["/revision/main"] = Answer(200, {}, body)
        assert "model.name" in fetch(model(), fails=True)


def test_a_download_without_enough_disk_space_does_not_start(hub, fetch):
    hub.add("dataset", "org/huge", {}).revisions["main"]["a.parquet"] = Blob(b"a" * 600_000, listed_size=10**16)
    message = fetch("download.fetch_dataset('org/huge', 'main', ['*.parquet'], 'data')", fails=True)
    assert "needs 10000000.0 GB" in message and "are free" in message
    assert not any("/resolve/" in request.path for request in hub.requests)


def test_a_file_outside_the_folder_is_refused(hub, fetch, tmp_path):
    hub.add("dataset", "org/evil", {"../outside.tsv": b"x"})
    assert "outside its folder" in fetch("download.fetch_dataset('org/evil', 'main', ['*.tsv'], 'data')", fails=True)
    assert not (tmp_path / "outside.tsv").exists()


def test_the_error_for_a_missing_web_file_names_its_key(hub, fetch):
    message = fetch(f"download.fetch_file('{hub.address}/plain/nowhere.zip', 'x.zip')", fails=True)
    assert "data.url" in message and "404" in message and "data.path" in message
