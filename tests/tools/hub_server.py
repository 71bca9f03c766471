"""A small server with the HTTP protocol of the Hugging Face hub, on loopback, that can inject faults.

It serves the requests of huggingface_hub: information and file tree of a model or data set at a revision, and its files
under `resolve`. Like the hub, it redirects requests for large files to another host. It records all requests.
"""

import hashlib
import json
import os
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGE = 500_000  # bytes from which a file is stored on another host and reached by a redirect
TOKEN = "hf_of_the_tests"
_API = re.compile(r"/api/(model|dataset)s/([^/]+/[^/]+)/(revision|tree)/([^/]+)")
_RESOLVE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass(frozen=True)
class Blob:
    """The contents of a file and the hash that the hub lists for it."""

    content: bytes
    listed_size: int | None = None  # if not the true one

    @property
    def is_large(self) -> bool:
        return len(self.content) >= LARGE

    @property
    def size(self) -> int:
        return self.listed_size or len(self.content)

    @cached_property
    def oid(self) -> str:
        if self.is_large:
            return hashlib.sha256(self.content).hexdigest()
        return hashlib.sha1(f"blob {len(self.content)}\0".encode() + self.content).hexdigest()


@dataclass
class Repository:
    """Revisions, each a set of files. A private one needs the token; a gated one lists its files but sends none."""

    revisions: dict[str, dict[str, Blob]] = field(default_factory=dict)
    private: bool = False
    gated: bool = False

    def commit(self, revision: str) -> str | None:
        """Return the commit of a branch or commit, None if neither exists."""
        commits = {name: _commit(files) for name, files in self.revisions.items()}
        return revision if revision in commits.values() else commits.get(revision)

    def files(self, revision: str) -> dict[str, Blob]:
        """Return the files of a branch or commit."""
        return next(files for files in self.revisions.values() if _commit(files) == self.commit(revision))


def _commit(files: dict[str, Blob]) -> str:
    return hashlib.sha1(json.dumps({name: blob.oid for name, blob in sorted(files.items())}).encode()).hexdigest()


@dataclass
class Fault:
    """A fault for the next ``times`` requests whose path ends in ``ending``.

    The response has the status ``status``, or else its body ends after ``after`` bytes: the connection is closed, or
    reset, or held open until ``released`` is set.
    """

    ending: str
    times: int
    status: int | None = None
    after: int = 0
    manner: str = "close"  # close, reset or hold
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Answer:
    """What the server sends to every request whose path ends in a given way, whatever it requests."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Request:
    """A request that the server received."""

    method: str
    path: str
    headers: dict[str, str]


class Hub:
    """The hub: repositories, plain files, faults and answers to inject, and the requests received."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.plain: dict[str, Blob] = {}
        self.faults: list[Fault] = []
        self.answers: dict[str, Answer] = {}  # by the end of the path
        self.requests: list[Request] = []
        self.supports_ranges = True
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Stop the server: later connections are refused."""
        for fault in self.faults:
            fault.released.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, kind: str, name: str, files: Path | dict[str, bytes], revision: str = "main") -> Repository:
        """Add files, or the files of a folder, to a repository at a branch."""
        if isinstance(files, Path):
            paths = [path for path in files.rglob("*") if path.is_file()]
            files = {path.relative_to(files).as_posix(): path.read_bytes() for path in paths}
        repository = self.repositories.setdefault((kind, name), Repository())
        repository.revisions[revision] = {path: Blob(content) for path, content in files.items()}
        return repository

    def fault(self, ending: str, times: int = 1, **options: object) -> Fault:
        """Inject a fault into the next requests whose path ends in ``ending``."""
        self.faults.append(Fault(ending, times, **options))
        return self.faults[-1]

    def take_fault(self, path: str) -> Fault | None:
        """Return the fault for a request, if any, and count it."""
        for fault in self.faults:
            if path.endswith(fault.ending) and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """Return the environment of a user of this hub, without the offline switches and caches of this process."""
        dropped = ("HF_", "TRANSFORMERS_OFFLINE", "GRADUAL_LEARNING_")  # set by importing the package
        own = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        here = {"HF_ENDPOINT": self.address, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1,localhost"}
        return own | here | {"PYTHONDONTWRITEBYTECODE": "1"} | more

    def ranges(self, ending: str) -> list[str | None]:
        """Return the Range headers of the GET requests whose path ends in ``ending``, in order."""
        found = [request for request in self.requests if request.method == "GET" and request.path.endswith(ending)]
        return [request.headers.get("range") for request in found]


class Handler(BaseHTTPRequestHandler):
    """Handles one connection."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Print nothing: the hub records the requests."""

    def do_HEAD(self) -> None:
        self._respond()

    def do_GET(self) -> None:
        self._respond()

    def _respond(self) -> None:
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.requests.append(Request(self.command, path, headers))
        answer = next((answer for ending, answer in self.hub.answers.items() if path.endswith(ending)), None)
        if answer:
            self._send(answer.status, answer.headers, answer.body)
            self.close_connection = True  # so that no client waits for a body that is shorter than its header states
        elif (fault := self.hub.take_fault(path)) and fault.status:
            self._send(fault.status)
        elif path.startswith("/cdn/"):
            self._send_blob(self._large(path.removeprefix("/cdn/")), {}, fault)
        elif path.removeprefix("/plain/") in self.hub.plain:
            self._send_blob(self.hub.plain[path.removeprefix("/plain/")], {}, fault)
        elif found := _API.fullmatch(path):
            self._send_listing(*found.groups())
        elif found := _RESOLVE.fullmatch(path):
            self._send_file("dataset" if found[1] else "model", *found.groups()[1:], fault)
        else:
            self._send(404)

    def _large(self, oid: str) -> Blob:
        blobs = (
            blob
            for repo in self.hub.repositories.values()
            for files in repo.revisions.values()
            for blob in files.values()
        )
        return next(blob for blob in blobs if blob.oid == oid)

    def _open(self, kind: str, name: str, revision: str) -> Repository | None:
        """Return the repository if the request has access to this revision, else send the error."""
        authorization, found = self.headers.get("Authorization"), self.hub.repositories.get((kind, name))
        if authorization not in (None, f"Bearer {TOKEN}"):
            self._send(401, {"X-Error-Message": "Invalid credentials in Authorization header"})
        elif found is None or (
            found.private and not authorization
        ):  # without a token the hub does not distinguish the two
            self._send(404 if authorization else 401, {"X-Error-Code": "RepoNotFound"})
        elif found.commit(unquote(revision)) is None:
            self._send(404, {"X-Error-Code": "RevisionNotFound"})
        else:
            return found
        return None

    def _send_listing(self, kind: str, name: str, what: str, revision: str) -> None:
        if repository := self._open(kind, name, revision):
            files = repository.files(unquote(revision)).items()
            if what == "tree":
                listing = [{"type": "file", "path": path, **_entry(blob, "oid", "oid")} for path, blob in files]
            else:
                siblings = [{"rfilename": path, **_entry(blob, "blobId", "sha256")} for path, blob in files]
                listing = {"id": name, "sha": repository.commit(unquote(revision)), "siblings": siblings}
            self._send(200, {"Content-Type": "application/json"}, json.dumps(listing).encode())

    def _send_file(self, kind: str, name: str, revision: str, path: str, fault: Fault | None) -> None:
        if not (repository := self._open(kind, name, revision)):
            return
        blob = repository.files(unquote(revision)).get(unquote(path))
        if repository.gated:
            self._send(403 if self.headers.get("Authorization") else 401, {"X-Error-Code": "GatedRepo"})
        elif blob is None:
            self._send(404, {"X-Error-Code": "EntryNotFound"})
        elif blob.is_large:
            linked = {"X-Linked-ETag": f'"{blob.oid}"', "X-Linked-Size": str(len(blob.content))}
            elsewhere = {"Location": f"http://localhost:{self.hub.port}/cdn/{blob.oid}"}
            self._send(302, linked | elsewhere | {"X-Repo-Commit": repository.commit(unquote(revision))})
        else:
            self._send_blob(blob, {"X-Repo-Commit": repository.commit(unquote(revision))}, fault)

    def _send_blob(self, blob: Blob, headers: dict[str, str], fault: Fault | None) -> None:
        """Send a file, or the requested range, or as much of it as the fault lets through."""
        header = self.headers.get("Range", "") if self.hub.supports_ranges else ""
        requested = re.fullmatch(r"bytes=(\d+)-", header)
        start, size = int(requested[1]) if requested else 0, len(blob.content)
        if start and start >= size:
            self._send(416, {"Content-Range": f"bytes */{size}"})
            return
        if start:
            headers = headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
        self._send(206 if start else 200, headers | {"ETag": f'"{blob.oid}"'}, blob.content[start:], fault)

    def _send(
        self, status: int, headers: dict[str, str] | None = None, body: bytes = b"", fault: Fault | None = None
    ) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: fault.after] if fault else body)
            if fault:
                self._break(fault)

    def _break(self, fault: Fault) -> None:
        self.wfile.flush()
        fault.reached.set()
        if fault.manner == "hold":
            fault.released.wait()
        if fault.manner == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        self.close_connection = True


def _entry(blob: Blob, small: str, large: str) -> dict[str, object]:
    """Return the entry of a file in a listing; the names of the hashes differ between listings."""
    lfs = {large: blob.oid, "size": blob.size, "pointerSize": 134}
    return {small: blob.oid, "size": blob.size} | ({"lfs": lfs} if blob.is_large else {})
