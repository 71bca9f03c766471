"""Files and folders that appear complete or not at all: written under a temporary name, then renamed."""

import errno
import glob
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial-"
_STARTED = time.time()


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; rename it to ``path`` when the block succeeds, else remove it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _temporary(path)
    try:
        yield partial
        _flush(partial)
        os.replace(partial, path)
        _remove_left_over(path)
    finally:
        partial.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}{PARTIAL}{uuid.uuid4().hex}")  # process ids repeat on other nodes


def _remove_left_over(path: Path) -> None:
    """Remove what killed processes have left of the same file or folder; another process may be writing newer ones."""
    for partial in path.parent.glob(glob.escape(f".{path.name}{PARTIAL}") + "*"):
        with suppress(FileNotFoundError):
            if partial.stat().st_mtime < _STARTED:
                shutil.rmtree(partial) if partial.is_dir() else partial.unlink()


def _flush(path: Path) -> None:
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())


def write_text(text: str, path: str | Path) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder next to ``path``; rename it to ``path`` when the block succeeds, else remove it."""
    partial = _temporary(Path(path))
    partial.mkdir(parents=True)
    try:
        yield partial
        replace_folder(partial, path)
        _remove_left_over(Path(path))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def replace_folder(source: Path, target: str | Path) -> None:
    """Rename a folder to ``target`` and remove what was there; of two jobs that do so at once, either may win."""
    target = Path(target)
    if target.is_dir():
        with suppress(FileNotFoundError):  # another job has just moved it
            shutil.rmtree(target.rename(_temporary(target)), ignore_errors=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(source, ignore_errors=True)


def copy_files(source: str | Path, patterns: list[str], folder: str | Path) -> None:
    """Copy files into a folder, which appears complete or not at all.

    Args:
        source: the folder to copy from.
        patterns: glob patterns of the files.
        folder: the folder to create; an existing one is replaced.
    """
    with atomic_folder(folder) as partial:
        for pattern in patterns:
            for file in sorted(Path(source).glob(pattern)):
                shutil.copyfile(file, partial / file.name)
