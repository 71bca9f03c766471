"""Settings of torch that every job needs for reproducible numbers: a fixed thread count, deterministic algorithms."""

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h


def prepare_torch(threads: int) -> None:
    """Make torch deterministic, with this many threads: their number changes the last bits of a sum."""
    import torch
    from transformers.utils import logging as transformers_logging

    _keep_freed_memory()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # otherwise every new tensor is written twice
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    transformers_logging.disable_progress_bar()


def _keep_freed_memory() -> None:
    """Make glibc reuse freed memory: clearing new pages took half of the system time of a job."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in ((_M_MMAP_THRESHOLD, 1 << 25), (_M_TRIM_THRESHOLD, (1 << 31) - 1), (_M_TOP_PAD, 1 << 26)):
            libc.mallopt(option, value)
