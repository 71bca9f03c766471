"""Downloads over HTTP that resume where an earlier attempt stopped, in this process or in an earlier one.

The hub's client resumes a file only within its own process and deletes the partial file at the end. Here it stays on
disk, under a name that contains a hash of the contents to download.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.file_download import http_get

from gradual_learning import USER_IS_OFFLINE

_ATTEMPTS, _PAUSE = 5, 1.0  # attempts without progress, seconds between two attempts
_TRANSIENT = {408, 429, *range(500, 600)}  # HTTP statuses: timeout, too many requests, errors of the server
_RANGE_NOT_SATISFIABLE = 416  # HTTP status: the partial file is at least as long as the file

Result = TypeVar("Result")


class UnclearAnswerError(httpx2.HTTPError):
    """An answer that the hub's client cannot read."""


@contextmanager
def online() -> Iterator[None]:
    """Let the hub's client use the network within the block, unless the user has set it offline."""
    constants.HF_HUB_OFFLINE = USER_IS_OFFLINE
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = True


def partial_path(path: Path, digest: str) -> Path:
    """Return the path of the partial file next to ``path``; another digest means other contents and another file."""
    return path.with_name(f".{path.name}.{digest[:16]}.incomplete")


def download(url: str, path: Path, digest: str, size: int | None, headers: dict[str, str]) -> None:
    """Download a file to ``path``, which appears when the download is complete.

    Args:
        url: redirects are followed, and headers for its host are sent to no other host.
        path: an existing file is replaced.
        digest: hash that identifies the contents.
        size: bytes of the file, if known.
        headers: headers of the request.

    Raises:
        httpx2.HTTPError: no response, an error status, or several attempts without progress; the partial file is kept.
    """
    partial = partial_path(path, digest)
    partial.parent.mkdir(parents=True, exist_ok=True)
    with open(partial, "ab") as handle:
        if handle.tell() != size:
            target = handle if size is None else _Bounded(handle, size)
            retry(lambda: _resume(url, target, headers, path.name), progress=handle.tell)
        os.fsync(handle.fileno())
    os.replace(partial, path)


class _Bounded:
    """A file that takes no more than the listed size, whatever an answer grows to when it is decompressed."""

    def __init__(self, handle: BinaryIO, size: int) -> None:
        self._handle, self._size = handle, size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def write(self, content: bytes) -> int:
        if self._handle.tell() + len(content) > self._size:
            raise UnclearAnswerError(f"the server sends more than the {self._size} bytes that it lists")
        return self._handle.write(content)


def _resume(url: str, handle: Any, headers: dict[str, str], name: str) -> None:
    """Append the missing bytes; start from the first byte if the partial file is too long."""
    try:
        http_get(url, handle, resume_size=handle.tell(), headers=headers, displayed_filename=name)
    except HfHubHTTPError as error:
        if error.response.status_code != _RANGE_NOT_SATISFIABLE:
            raise
        handle.seek(handle.truncate(0))
        http_get(url, handle, headers=headers, displayed_filename=name)


def retry(call: Callable[[], Result], progress: Callable[[], int] = lambda: 0) -> Result:
    """Repeat a call after transient errors until it succeeds, as long as it makes progress or has attempts left.

    The hub's client itself resumes after a closed connection or a timeout, but not after a reset or a server error.

    Raises:
        httpx2.HTTPError: the call does not succeed, or the answer is not one that a hub gives.
        HFValidationError: an argument of the call is invalid.
        OSError: the disk has a fault.
    """
    attempts, reached = 0, progress()
    while True:
        try:
            return call()
        except httpx2.HTTPError as error:
            attempts, reached = (attempts + 1 if progress() == reached else 1), progress()
            if attempts >= _ATTEMPTS or not _is_transient(error):
                raise
            time.sleep(_PAUSE)
        except (HFValidationError, MemoryError):
            raise
        except Exception as error:  # for arbitrary answers, the client raises anything
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise UnclearAnswerError(f"{type(error).__name__}: {error}") from error


def _is_transient(error: httpx2.HTTPError) -> bool:
    response = getattr(error, "response", None)
    return isinstance(error, httpx2.ReadError) or (response is not None and response.status_code in _TRANSIENT)
