"""What every job shares: its log, the way it fails, the way it computes."""

import ctypes
import errno
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradual_learning import parallel
from gradual_learning.records import UserError

FULL = "No space is left to write to. Free some and give the same command again: what is finished is kept."
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOISY = ("transformers", "datasets", "peft", "accelerate", "matplotlib", "fontTools", "filelock")
_NOISY += ("huggingface_hub", "httpx2")  # the addresses that a download is redirected to are keys to it: not for a log


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of an entry script with its log file.

    A :class:`UserError` ends the process with its message alone, anything else with a traceback, both on the terminal
    and in the log; the exit code is 1 either way.
    """
    _start_log(log)
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        logging.error("%s", FULL if _is_full(error) else traceback.format_exc())
        sys.exit(1)


def _is_full(error: Exception) -> bool:
    """Tell whether a write failed for want of space; the libraries below wrap the system's error in their own ways."""
    told = str(error)
    return getattr(error, "errno", None) in _NO_SPACE or any(os.strerror(number) in told for number in _NO_SPACE)


def _start_log(log: str) -> None:
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    # of several processes the first speaks, and the others only where something is wrong
    handlers = [logging.FileHandler(log, mode="a" if parallel.is_worker() else "w", encoding="utf-8")]
    level = logging.WARNING if parallel.rank() else logging.INFO
    logging.basicConfig(
        level=level,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[*handlers, logging.StreamHandler()],
        force=True,
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)  # of one library about another; the versions are pinned


def prepare_torch(threads: int) -> None:
    """Compute with this many threads whatever the scheduler has free: the count changes the last bits of a sum."""
    import torch
    from transformers.utils import logging as hugging_face

    _keep_freed_memory()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # each new tensor would be written twice
    hugging_face.disable_progress_bar()


def _keep_freed_memory() -> None:
    """Let glibc keep what tensors free for the next ones: clearing new pages was half of the system time of a job."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in ((_M_MMAP_THRESHOLD, 1 << 25), (_M_TRIM_THRESHOLD, (1 << 31) - 1), (_M_TOP_PAD, 1 << 26)):
            libc.mallopt(option, value)
