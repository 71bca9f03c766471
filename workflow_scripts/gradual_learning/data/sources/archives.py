"""The files of a data set in a zip archive or in a folder, read in place: nothing is unpacked."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gradual_learning.jobs.archives import refuse_bomb
from gradual_learning.jobs.errors import UserError

_OTHER_CAUSES = (UserError, MemoryError)  # for arbitrary bytes, zipfile and its decompressors raise anything else


@contextmanager
def opened(path: Path, patterns: tuple[str, ...]) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
    """Yield names of files, and a function that returns the content of a file; it verifies checksums in an archive.

    Args:
        path: a zip archive or a folder.
        patterns: of the names to list in a folder, for example ``*/*.json``. All names in an archive are listed.

    Raises:
        UserError: the path is neither, or the archive is damaged; so does the function for a file that is damaged or
            grows out of proportion.
    """
    if path.is_dir():
        found = [item for pattern in patterns for item in path.glob(pattern) if item.is_file()]
        yield [item.relative_to(path).as_posix() for item in found], lambda name: (path / name).read_bytes()
        return
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:
        raise _damaged(path, error) from error
    with archive:
        yield archive.namelist(), lambda name: _member(archive, path, name)


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    try:
        refuse_bomb(archive.getinfo(name), path)
        return archive.read(name)
    except _OTHER_CAUSES:
        raise
    except Exception as error:
        raise _damaged(path, error, name) from error


def _damaged(path: Path, error: Exception, name: str = "") -> UserError:
    place = f"{path}:{name}" if name else f"{path}"
    return UserError(f"{place}: not a readable zip archive ({error}). Download it again, or check data.path.")
