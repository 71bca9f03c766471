"""The frame of every entry script: its log file, and how it reports errors."""

import errno
import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradual_learning.jobs import locks
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.processes import is_worker, rank

DISK_FULL = "No space left on the disk. Free some and rerun the same command: finished results are kept."
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOISY = ["transformers", "datasets", "peft", "accelerate", "matplotlib", "fontTools", "filelock"]
_NOISY += ["huggingface_hub", "httpx2"]  # they log the redirected download URLs, which contain access keys
# what terminals obey, what reorders text, and halves of characters, which no file can hold
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class _Printable(logging.Formatter):
    """Writes unprintable characters as Python does, for example an escape as backslash, x1b."""

    def format(self, record: logging.LogRecord) -> str:
        return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], super().format(record))


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of an entry script with its log file.

    A :class:`UserError` is reported by its message alone, any other exception with its traceback, both on the terminal
    and in the log; the exit code is 1 in both cases. A job that already runs, started by another run, is one such case.
    """
    try:
        _start_log(log)
        yield
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        logging.error("%s", DISK_FULL if _is_disk_full(error) else traceback.format_exc())
        sys.exit(1)


def _claim(log: str) -> None:
    """Empty the log and lock it until this process ends: two jobs with one log would write the same outputs."""
    if not locks.lock(log):
        raise UserError(
            f"{log}: the job of this log is already running, started by another run in this folder. Let that run "
            "finish or stop it, then rerun the same command."
        )
    os.truncate(log, 0)


def _is_disk_full(error: Exception) -> bool:
    """Return whether a write failed for lack of space; some libraries keep only the text of the system's error."""
    text = str(error)
    return getattr(error, "errno", None) in _NO_SPACE or any(os.strerror(number) in text for number in _NO_SPACE)


def _start_log(log: str) -> None:
    """Log to a file and to the terminal; of several processes all but the first log only warnings and errors."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    if not is_worker():
        _claim(log)
    file = logging.FileHandler(log, mode="a", encoding="utf-8")
    handlers: list[logging.Handler] = [file, logging.StreamHandler()]
    for handler in handlers:
        handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING if rank() else logging.INFO, handlers=handlers, force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)  # between libraries, whose versions are pinned
