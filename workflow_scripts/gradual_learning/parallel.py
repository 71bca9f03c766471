"""Several processes that train one stage together: how they are started, and how they share the asking of questions.

A script that needs more than one process starts itself again under ``accelerate launch``, once per process. Within a
SLURM job of several nodes ``srun`` does that on each of them.
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

from gradual_learning.records import UserError

T = TypeVar("T")
PATIENCE = timedelta(hours=6)  # one process may write a checkpoint as long while the others wait
FSDP = ["--use_fsdp", "--fsdp_version", "2", "--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP"]
FSDP += ["--fsdp_state_dict_type", "FULL_STATE_DICT", "--fsdp_reshard_after_forward", "true"]

ON_EACH_NODE = 'exec "$0" -m accelerate.commands.launch --machine_rank "$SLURM_NODEID" "$@"'


@dataclass(frozen=True)
class Processes:
    """The processes of one job."""

    count: int  # in all; each takes a GPU of its own where there are GPUs
    nodes: int
    sharded: bool  # each holds a part of weights, gradients and optimiser state (FSDP), not all of them (DDP)

    @property
    def on_a_node(self) -> int:
        """How many of them run on each node."""
        return self.count // self.nodes


def is_worker() -> bool:
    """Tell whether this process is one of several that were launched."""
    return int(os.environ.get("WORLD_SIZE", 1)) > 1


def is_sharded() -> bool:
    """Tell whether the weights are spread over the processes, as accelerate tells those that it starts."""
    return is_worker() and os.environ.get("ACCELERATE_USE_FSDP") == "true"


def rank() -> int:
    """Return the number of this process among those of its job, from 0."""
    return int(os.environ.get("RANK", 0)) if is_worker() else 0


def launch(processes: Processes, threads: int) -> None:
    """Run this script, as it was started, once more in each of several processes.

    Raises:
        UserError: a process failed, or the nodes or GPUs are not there.
    """
    if processes.sharded and not has_gpus():
        raise UserError("training.parallel.sharded: accelerate spreads weights over GPUs alone; set it to false.")
    command = [*_launcher(processes), *_options(processes, threads), *sys.argv]
    try:
        subprocess.run(command, check=True, env=_environment())
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise UserError(
            f"training.parallel: {processes.count} processes on {processes.nodes} node(s) were started and not all "
            f"ended well ({error.__class__.__name__}); what they said stands above."
        ) from error


def _launcher(processes: Processes) -> list[str]:
    """Return the command that starts the launcher, on this node or on each of those of the SLURM job."""
    if processes.nodes == 1:
        return [sys.executable, "-m", "accelerate.commands.launch", "--machine_rank", "0"]
    if "SLURM_JOB_ID" not in os.environ:
        raise UserError("training.parallel.nodes: several nodes need a SLURM job; use profiles/slurm, or set 1.")
    nodes = str(processes.nodes)
    command = ["srun", "--jobid", os.environ["SLURM_JOB_ID"], "--overlap", "--kill-on-bad-exit"]
    command += ["--nodes", nodes, "--ntasks", nodes, "--ntasks-per-node", "1"]
    return [*command, "sh", "-c", ON_EACH_NODE, sys.executable]


def _environment() -> dict[str, str]:
    """Return the environment without what SLURM says of the step that this process is, which is on one node alone."""
    return {name: value for name, value in os.environ.items() if name == "SLURM_CONF" or not name.startswith("SLURM_")}


def _options(processes: Processes, threads: int) -> list[str]:
    """Return the options of the launcher; the processes meet on this node."""
    options = [*FSDP] if processes.sharded else ["--multi_gpu"]  # where there are no GPUs: as many on the processor
    options += ["--gpu_ids", "all"]  # that this job sees, whatever a configuration in the user's home says
    options += ["--num_processes", str(processes.count), "--num_machines", str(processes.nodes)]
    options += ["--mixed_precision", "no", "--dynamo_backend", "no", "--num_cpu_threads_per_process", str(threads)]
    return [*options, "--main_process_ip", socket.gethostname(), "--main_process_port", str(_free_port())]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def join() -> None:
    """Meet the other processes of the job, and take the GPU of this one; does nothing where it is alone."""
    if is_worker():
        from accelerate import PartialState

        PartialState(timeout=PATIENCE, **({} if has_gpus() else {"cpu": True, "backend": "gloo"}))


def agreed(value: T) -> T:
    """Return the value of the first process in each: they may see a shared file system differently."""
    if not is_worker():
        return value
    import torch.distributed as processes

    told = [value]
    processes.broadcast_object_list(told, src=0)
    return told[0]


def has_gpus() -> bool:
    """Tell whether there is a GPU to compute on."""
    import torch

    return torch.cuda.is_available()


def share_out(ask: Callable[[pd.DataFrame], pd.Series], questions: pd.DataFrame, sharded: bool) -> pd.Series:
    """Ask the model questions, each process its part of them, and give every process all the answers.

    Args:
        ask: gives one value by question id.
        questions: with a column ``id``.
        sharded: whether the weights are spread over the processes, so that all must ask the same.

    Returns:
        The values in the order of the questions.
    """
    if not is_worker() or sharded:
        return ask(questions)
    import torch.distributed as processes

    size = processes.get_world_size()
    parts: list[pd.Series] = [pd.Series()] * size
    processes.all_gather_object(parts, ask(questions.iloc[rank() :: size]))
    return pd.concat(parts).reindex(questions["id"])
