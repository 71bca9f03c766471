"""Locks on files that end with the process that holds them, however it ends, and leave nothing to clean up."""

import fcntl
import os
from pathlib import Path

_held: list[int] = []  # file descriptors, open until the process ends


def lock(path: str | Path, shared: bool = False) -> bool:
    """Lock a file until this process ends, without waiting; the file is created if there is none.

    Args:
        path: the file.
        shared: whether other processes may hold a shared lock at the same time.

    Returns:
        False if another process holds a lock that excludes this one. A file system without locks excludes nobody.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    except OSError:
        pass
    _held.append(handle)
    return True
