"""The way to the network: a file of the web goes on where an earlier attempt stopped, in this process or before it.

The hub's client resumes a file while its process lives and throws away what has come when it ends. Here that stays on
the disk, under a name that holds a hash of what is to come.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import http_get

from gradual_learning import USER_IS_OFFLINE

_ATTEMPTS, _PAUSE = 5, 1.0  # attempts without a further byte, seconds between two
_PASSING = {408, 429, *range(500, 600)}  # HTTP statuses: too slow, too many requests, faults of the server
_NOTHING_BEYOND = 416  # HTTP status: no bytes behind those that one has

Result = TypeVar("Result")


@contextmanager
def online() -> Iterator[None]:
    """Let the client use the network for as long as the block lasts, unless the user forbids it."""
    constants.HF_HUB_OFFLINE = USER_IS_OFFLINE
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = True


def part(path: Path, stamp: str) -> Path:
    """Return the name beside ``path`` under which what has come is kept; another stamp stands for other contents."""
    return path.with_name(f".{path.name}.{stamp[:16]}.incomplete")


def download(address: str, path: Path, stamp: str, size: int | None, headers: dict[str, str]) -> None:
    """Write a file of the web to ``path``, which appears when all of it has come.

    Args:
        address: of the file; redirects are followed, and headers for its host go to no other.
        path: what stands there is replaced.
        stamp: hash that stands for these contents.
        size: bytes of the file, if known.
        headers: of the request.

    Raises:
        httpx2.HTTPError: no answer, a refusal, or no further byte for several attempts; what has come is kept.
    """
    kept = part(path, stamp)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with open(kept, "ab") as handle:
        if handle.tell() != size:
            persist(lambda: _resume(address, handle, headers, path.name), progress=handle.tell)
        os.fsync(handle.fileno())
    os.replace(kept, path)


def _resume(address: str, handle: BinaryIO, headers: dict[str, str], name: str) -> None:
    """Append what is missing; where the server has nothing beyond what has come, begin anew."""
    try:
        http_get(address, handle, resume_size=handle.tell(), headers=headers, displayed_filename=name)
    except HfHubHTTPError as error:
        if error.response.status_code != _NOTHING_BEYOND:
            raise
        handle.seek(handle.truncate(0))
        http_get(address, handle, headers=headers, displayed_filename=name)


def persist(call: Callable[[], Result], progress: Callable[[], int] = lambda: 0) -> Result:
    """Call again what failed for a passing reason, as long as there is progress or attempts are left.

    The client by itself goes on after a closed connection and a timeout, but not after a reset or an error of the
    server.
    """
    attempts, reached = 0, progress()
    while True:
        try:
            return call()
        except httpx2.HTTPError as error:
            attempts, reached = (attempts + 1 if progress() == reached else 1), progress()
            if attempts >= _ATTEMPTS or not _is_passing(error):
                raise
            time.sleep(_PAUSE)


def _is_passing(error: httpx2.HTTPError) -> bool:
    response = getattr(error, "response", None)
    return isinstance(error, httpx2.ReadError) or (response is not None and response.status_code in _PASSING)
