"""An end for code that others have written."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from gradual_learning.jobs.errors import UserError


@contextmanager
def time_limit(seconds: float, message: str) -> Iterator[None]:
    """Raise an error within the block when it takes too long; in the main thread only.

    A single operation in compiled code is not interrupted.

    Raises:
        UserError: with this message.
    """

    def stop(*_: object) -> None:
        raise UserError(message)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
