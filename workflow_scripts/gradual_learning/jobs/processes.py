"""The place of this process among the processes of its job, from the environment variables that launchers set.

Only processes that this project has launched read these variables. A shell may have variables of the same names, for
example in an interactive SLURM job, in a notebook or under MPI; a job that runs in one process ignores them.
"""

import os

WORKER_MARK = "GRADUAL_LEARNING_WORKER"  # set for the processes that this project launches


def is_worker() -> bool:
    """Return whether this process is one of several that were launched together."""
    return WORKER_MARK in os.environ and int(os.environ.get("WORLD_SIZE", 1)) > 1


def rank() -> int:
    """Return the number of this process among those of its job, from 0."""
    return int(os.environ.get("RANK", 0)) if is_worker() else 0


def is_sharded() -> bool:
    """Return whether the weights are sharded across the processes; accelerate sets the variable for those it starts."""
    return is_worker() and os.environ.get("ACCELERATE_USE_FSDP") == "true"
