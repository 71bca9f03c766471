"""Which GPUs a job computes on: Snakemake counts them, but assigns none."""

import contextlib
import getpass
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from gradual_learning import parallel
from gradual_learning.records import UserError

_PATIENCE = 1.0  # seconds until it is looked again whether a GPU is free


def asked(gpu: int, gres: str | None) -> int:
    """Return how many GPUs each node of a job has.

    Args:
        gpu: how many Snakemake counts for the job, on one node.
        gres: what SLURM was asked for on each node in its own terms, as ``gpu:4`` or ``gpu:h100:4``.
    """
    named = re.fullmatch(r"gpu(?::[^:]+)??(?::(\d+))?", gres or "")
    return gpu or (int(named[1] or 1) if named else 0)


@contextlib.contextmanager
def claimed(count: int, processes: int = 1) -> Iterator[None]:
    """Make so many GPUs the only ones that this process sees, and keep other jobs off them until the block ends.

    Args:
        count: how many; with 0 the job shares the first one, if there is any. It must be called before CUDA is used.
        processes: that the job starts here; several share no GPU, and with a count of 0 they see none.

    Of the GPUs that SLURM or the user has made visible no other is taken. Processes that were launched together take
    what the one that launched them has claimed.
    """
    devices = [] if parallel.is_worker() else visible()
    if not devices:
        yield
    elif count == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[0] if processes == 1 else ""
        yield
    else:
        with contextlib.ExitStack() as locks:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(hold(devices, min(count, len(devices)), locks))
            logging.info("GPUs %s", os.environ["CUDA_VISIBLE_DEVICES"])
            yield


def insist(held: int, processes: int) -> None:
    """Check that each of the processes that share a stage on a node has a GPU, if the job has any there.

    Raises:
        UserError: there are fewer; Snakemake gives a job no more than it was told that the machine has.
    """
    if 0 < held < processes:
        raise UserError(
            f"training.parallel.processes: {processes} processes need {processes} GPUs, and the job was given {held}. "
            f"Tell Snakemake how many the machine has (--resources gpu={processes}), or lower the number of processes."
        )


def visible() -> list[str]:
    """Return the names of the GPUs that a job may take, as CUDA_VISIBLE_DEVICES has them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name for name in given.split(",") if name]
    import torch

    return [*map(str, range(torch.cuda.device_count()))]


def hold(devices: list[str], count: int, locks: contextlib.ExitStack) -> list[str]:
    """Wait until so many of the devices are free, lock them, and return them.

    Args:
        devices: to choose from.
        count: how many.
        locks: releases them when it is closed, as the end of the process does.
    """
    while True:
        found: list[str] = []
        with contextlib.ExitStack() as tried:
            for device in devices:
                with contextlib.suppress(Timeout):
                    tried.enter_context(FileLock(_lock(device), timeout=0))
                    found.append(device)
                if len(found) == count:
                    locks.push(tried.pop_all())
                    return found
        time.sleep(_PATIENCE)  # all are let go of meanwhile: two jobs never wait for each other


def _lock(device: str) -> Path:
    """Return the lock of a device: SLURM numbers those of each of its jobs anew."""
    folder = Path(tempfile.gettempdir()) / f"gradual-learning-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    return folder / f"gpu-{os.environ.get('SLURM_JOB_ID', 'machine')}-{device}.lock"
