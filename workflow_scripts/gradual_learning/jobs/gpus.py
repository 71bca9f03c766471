"""GPUs of a job: Snakemake counts GPUs, but does not assign them."""

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

from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.processes import is_worker

RETRY_SECONDS = 1.0  # until a job that waits for GPUs tries again
_log = logging.getLogger(__name__)


def gpus_requested(gpu: int, gres: str | None) -> int:
    """Return the number of GPUs that a job requests on each node.

    Args:
        gpu: the resource ``gpu``, counted by Snakemake for a job on one node.
        gres: the resource ``gres``, in the syntax of SLURM: ``gpu:4`` or ``gpu:h100:4`` on each node.
    """
    match = re.fullmatch(r"gpu(?::[^:]+)??(?::(\d+))?", gres or "")
    return gpu or (int(match[1] or 1) if match else 0)


@contextlib.contextmanager
def reserve_gpus(count: int, processes: int = 1) -> Iterator[None]:
    """Make ``count`` GPUs the only visible ones, and keep other jobs off them until the block ends.

    Only GPUs that SLURM or the user has made visible are reserved. A worker uses what its launcher has reserved. This
    function must be called before CUDA is used.

    Args:
        count: number of GPUs. With 0, the job shares the first one, if there is any.
        processes: number of processes that the job starts on this node. Several never share a GPU: with a count of 0,
            none is visible to them.
    """
    devices = [] if is_worker() else visible_gpus()
    if not devices:
        yield
    elif count == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[0] if processes == 1 else ""
        yield
    else:
        with contextlib.ExitStack() as locks:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(lock_devices(devices, min(count, len(devices)), locks))
            _log.info("GPUs %s", os.environ["CUDA_VISIBLE_DEVICES"])
            yield


def require_gpus(count: int, processes: int) -> None:
    """Check that each process on a node has a GPU, if the job has any there.

    Args:
        count: number of GPUs that the job requests.
        processes: number of processes on the node.

    Raises:
        UserError: the job has fewer GPUs than processes: Snakemake assigns no more than the user has declared, and the
            user may have declared more than there are.
    """
    visible = len(visible_gpus())
    count = min(count, visible) if visible else count
    if 0 < count < processes:
        raise UserError(
            f"training.parallel.processes: {processes} processes need {processes} GPUs, but the job has {count}. "
            f"Declare the GPUs of the machine (--resources gpu={processes}), or lower the number of processes."
        )


def visible_gpus() -> list[str]:
    """Return the names of the GPUs that a job may use, as in CUDA_VISIBLE_DEVICES."""
    variable = os.environ.get("CUDA_VISIBLE_DEVICES")
    if variable is not None:
        return [name for name in variable.split(",") if name]
    import torch

    return [*map(str, range(torch.cuda.device_count()))]


def lock_devices(devices: list[str], count: int, locks: contextlib.ExitStack) -> list[str]:
    """Wait until ``count`` of the devices are free, lock them, and return them.

    Args:
        devices: candidates, in order of preference.
        count: number of devices to lock.
        locks: releases the locks when it is closed; so does the end of the process.
    """
    while True:
        found: list[str] = []
        with contextlib.ExitStack() as attempt:
            for device in devices:
                with contextlib.suppress(Timeout):
                    attempt.enter_context(FileLock(_lock_file(device), timeout=0))
                    found.append(device)
                if len(found) == count:
                    locks.push(attempt.pop_all())
                    return found
        time.sleep(RETRY_SECONDS)  # holding no lock meanwhile, so that two jobs never wait for each other


def _lock_file(device: str) -> Path:
    """Return the lock file of a device; the name includes the SLURM job, as each has its own numbering of devices."""
    folder = Path(tempfile.gettempdir()) / f"gradual-learning-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    return folder / f"gpu-{os.environ.get('SLURM_JOB_ID', 'machine')}-{device}.lock"
