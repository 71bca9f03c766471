"""Several processes that train one stage together: how they are launched, and how they share evaluation.

A script that needs several processes starts itself again under ``accelerate launch``, once per process. In a SLURM job
on several nodes, ``srun`` does so on each of them.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import pandas as pd

from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.processes import WORKER_MARK, is_worker, rank
from gradual_learning.models.determinism import is_launch_variable

T = TypeVar("T")
TIMEOUT = timedelta(hours=6)  # of a collective operation: one process may write a large checkpoint while others wait
FSDP_OPTIONS = ["--use_fsdp", "--fsdp_version", "2", "--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP"]
FSDP_OPTIONS += ["--fsdp_state_dict_type", "FULL_STATE_DICT", "--fsdp_reshard_after_forward", "true"]
NODE_COMMAND = 'exec "$0" -m accelerate.commands.launch --machine_rank "$SLURM_NODEID" "$@"'


@dataclass(frozen=True)
class ProcessLayout:
    """The processes of one job.

    Attributes:
        count: number of processes on all nodes; each has its own GPU, where there are GPUs.
        nodes: number of nodes.
        fsdp: shard weights, gradients and optimizer state across the processes (FSDP) instead of replicating (DDP).
    """

    count: int
    nodes: int
    fsdp: bool

    @property
    def per_node(self) -> int:
        """Number of processes on each node."""
        return self.count // self.nodes


SINGLE_PROCESS = ProcessLayout(count=1, nodes=1, fsdp=False)


def launch_workers(processes: ProcessLayout, threads: int) -> None:
    """Run this script, with its arguments, once in each of several processes, and wait for them.

    Args:
        processes: the processes to start.
        threads: CPU threads of each process.

    Raises:
        UserError: a process failed, or there are no GPUs or SLURM nodes where they are needed.
    """
    if processes.fsdp and not has_gpus():
        raise UserError("training.parallel.fsdp: accelerate shards weights across GPUs only; set it to false.")
    command = [*_launcher(processes), *_options(processes, threads), *sys.argv]
    try:
        subprocess.run(command, check=True, env=_environment())
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise UserError(
            f"training.parallel: of {processes.count} processes on {processes.nodes} node(s), at least one failed "
            f"({error.__class__.__name__}); see its message above."
        ) from error


def _launcher(processes: ProcessLayout) -> list[str]:
    """Return the command that starts accelerate, on this node or on each node of the SLURM job."""
    if processes.nodes == 1:
        return [sys.executable, "-m", "accelerate.commands.launch", "--machine_rank", "0"]
    if "SLURM_JOB_ID" not in os.environ:
        raise UserError("training.parallel.nodes: several nodes need a SLURM job; use profiles/slurm, or set 1.")
    nodes = str(processes.nodes)
    command = ["srun", "--jobid", os.environ["SLURM_JOB_ID"], "--overlap", "--kill-on-bad-exit"]
    command += ["--nodes", nodes, "--ntasks", nodes, "--ntasks-per-node", "1"]
    return [*command, "sh", "-c", NODE_COMMAND, sys.executable]


def _environment() -> dict[str, str]:
    """Return the environment of workers, without settings of other launches and of the step of a SLURM job.

    A step covers one node only.
    """
    others = {name for name in os.environ if name.startswith("SLURM_") or is_launch_variable(name)} - {"SLURM_CONF"}
    return {name: value for name, value in os.environ.items() if name not in others} | {WORKER_MARK: "1"}


def _options(processes: ProcessLayout, threads: int) -> list[str]:
    """Return the options of accelerate, with this node as the meeting point of the processes."""
    options = [*FSDP_OPTIONS] if processes.fsdp else ["--multi_gpu"]  # without GPUs: as many processes on the CPU
    options += ["--gpu_ids", "all"]  # all that are visible, whatever accelerate's configuration file says
    options += ["--num_processes", str(processes.count), "--num_machines", str(processes.nodes)]
    options += ["--mixed_precision", "no", "--dynamo_backend", "no", "--num_cpu_threads_per_process", str(threads)]
    return [*options, "--main_process_ip", socket.gethostname(), "--main_process_port", str(_free_port())]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def initialize() -> None:
    """Connect this worker to the others and assign it its GPU; without workers, do nothing."""
    if is_worker():
        from accelerate import PartialState

        PartialState(timeout=TIMEOUT, **({} if has_gpus() else {"cpu": True, "backend": "gloo"}))


def broadcast_from_first(value: T) -> T:
    """Return the value of the first process in each: nodes may see a shared file system differently."""
    if not is_worker():
        return value
    import torch.distributed

    values = [value]
    torch.distributed.broadcast_object_list(values, src=0)
    return values[0]


def has_gpus() -> bool:
    """Return whether CUDA is available."""
    import torch

    return torch.cuda.is_available()


def evaluate_in_parallel(
    evaluate: Callable[[pd.DataFrame], pd.Series], questions: pd.DataFrame, fsdp: bool
) -> pd.Series:
    """Evaluate the model on questions, divided among the processes, and return all values in each process.

    Args:
        evaluate: returns one value per question, by question id.
        questions: with a column ``id``.
        fsdp: whether the weights are sharded, so that all processes must evaluate the same questions.

    Returns:
        The values in the order of the questions.
    """
    if not is_worker() or fsdp:
        return evaluate(questions)
    import torch.distributed

    size = torch.distributed.get_world_size()
    parts: list[pd.Series] = [pd.Series()] * size
    torch.distributed.all_gather_object(parts, evaluate(questions.iloc[rank() :: size]))
    return pd.concat(parts).reindex(questions["id"])
