"""Settings of torch that every job needs for reproducible numbers: a fixed thread count, deterministic algorithms."""

import ctypes
import os

from gradual_learning.jobs.processes import WORKER_MARK

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h


# Variables from which accelerate and torch read how processes were launched, mixed precision and other settings.
_PREFIXES = ("ACCELERATE_", "FSDP_", "MEGATRON_LM_", "PARALLELISM_CONFIG_", "TORCHELASTIC_", "OMPI_", "PMI_", "MV2_")
_NAMES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT")


def is_launch_variable(name: str) -> bool:
    """Return whether an environment variable sets how processes are launched, or what accelerate does in them."""
    return name in _NAMES or name.startswith(_PREFIXES)


def prepare_torch(threads: int) -> None:
    """Make torch deterministic, with this many threads: their number changes the last bits of a sum.

    Settings of accelerate and of launchers in the environment are removed, except in processes that this project has
    launched.
    """
    import torch
    from transformers.utils import logging as transformers_logging

    if WORKER_MARK not in os.environ:
        for name in filter(is_launch_variable, list(os.environ)):
            del os.environ[name]
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
