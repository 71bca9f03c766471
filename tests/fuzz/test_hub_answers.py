"""Answers of a hub, whatever it sends: a complete download, or a message, and never a damaged file in its place."""

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from fuzzing import changed, changed_json, limited
from hub_server import Answer

FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"weights" * 40}
CALLS = {
    "model": "download.fetch_model('org/a', 'main', sys.argv[1], weights=True)",
    "dataset": "download.fetch_dataset('org/a', 'main', ['*'], sys.argv[1])",
}
# one process for all answers, as the client of the hub reads its environment once and takes seconds to start
CLIENT = """
import json, sys, time, traceback
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.hub import download

time.sleep = lambda seconds: None  # between attempts
for line in sys.stdin:
    try:
        found = [True, str({call})]
    except UserError as error:
        found = [False, str(error)]
    except Exception:
        found = [None, traceback.format_exc()]
    print(json.dumps(found), flush=True)
"""


@pytest.fixture(params=CALLS)
def client(request, hub, root, scratch) -> Iterator[Callable[[], bool]]:
    """Return a function that downloads a repository, and returns whether it was read rather than refused."""
    hub.add(request.param, "org/a", FILES)
    environment = hub.environment(scratch / "home", PYTHONPATH=str(root / "workflow_scripts"))
    command = [sys.executable, "-c", CLIENT.format(call=CALLS[request.param]), str(scratch / "folder")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        yield lambda: _downloaded(process, scratch / "folder", request.param)
        process.stdin.close()


def _downloaded(process: subprocess.Popen, folder: Path, kind: str) -> bool:
    process.stdin.write("\n")
    process.stdin.flush()
    with limited():
        line = process.stdout.readline()
    succeeded, message = json.loads(line)
    assert succeeded is not None, message
    assert succeeded or "org/a" in message or f"{kind}." in message or str(folder) in message, message
    for path in list(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(".incomplete"):
            content = path.read_bytes()
            digests = [
                hashlib.sha256(content).hexdigest(),
                hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
            ]
            assert not succeeded or any(digest in LISTED[-1] for digest in digests), "a damaged file is in its place"
        if path.is_file():
            path.unlink()
    return succeeded


LISTED = [""]  # the last list of files that the hub has sent


def listing() -> dict[str, Any]:
    siblings = [
        {
            "rfilename": name,
            "size": len(content),
            "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
        }
        for name, content in FILES.items()
    ]
    return {"id": "org/a", "sha": "0" * 40, "siblings": siblings}


def test_changed_lists_of_files(fuzz, hub, client):
    def check(found: Any) -> bool:
        LISTED[-1] = json.dumps(found)
        hub.answers["/revision/main"] = Answer(200, {"Content-Type": "application/json"}, LISTED[-1].encode())
        hub.answers |= {f"/{name}": Answer(200, {}, content) for name, content in FILES.items()}
        return client()

    fuzz("answers", 0.25, changed_json(listing()), check, few=20)


STATUSES = st.sampled_from([200, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 416, 451, 500, 503])
PLACES = ["file:///etc/passwd", "/", "//", "ftp://localhost/a", "http://[", "", "\x7f", "data:,a", "/org/a/resolve/x"]
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Location": st.sampled_from(PLACES),
        "Content-Encoding": st.sampled_from(["gzip", "br", "zstd", "none", "identity"]),
        "Content-Length": st.sampled_from(["0", "3", "-1", "x"]),
        "Content-Range": st.sampled_from(["bytes 0-1/2", "bytes */0", "x"]),
        "Content-Type": st.sampled_from(["application/json", "text/html", "x"]),
        "X-Error-Code": st.sampled_from(["GatedRepo", "RepoNotFound", "RevisionNotFound", "EntryNotFound", "x"]),
        "X-Error-Message": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9),
    },
)


def test_changed_answers(fuzz, hub, client):
    whole = json.dumps(listing()).encode()
    bodies = st.one_of(changed([whole, gzip.compress(whole)], [b"\n", b"NaN"]), st.sampled_from(list(FILES.values())))

    def check(found: tuple[str, Answer]) -> bool:
        LISTED[-1] = whole.decode()
        hub.answers = {"/revision/main": Answer(200, {}, whole), found[0]: found[1]}
        hub.answers |= {
            f"/{name}": Answer(200, {}, content) for name, content in FILES.items() if f"/{name}" != found[0]
        }
        return client()

    endings = st.sampled_from(["/revision/main", "/config.json", "/model.safetensors"])
    fuzz("answers", 0.25, st.tuples(endings, st.builds(Answer, STATUSES, HEADERS, bodies)), check, few=20)
