"""What the environment of the user may not change: the processes of a job, and their precision."""

import os
import subprocess
import sys

import pytest

CODE = """
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.jobs.processes import is_worker
prepare_torch(1)
from transformers import TrainingArguments
from accelerate import Accelerator
assert TrainingArguments(use_cpu=True, output_dir="unused").world_size == 1
accelerator = Accelerator(cpu=True)
print(is_worker(), accelerator.num_processes, accelerator.mixed_precision, accelerator.gradient_accumulation_steps)
"""
LAUNCH = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1", "RANK": "0", "LOCAL_RANK": "0"}
MPI = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_LOCAL_RANK": "0"}
MORE = {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "3", "ACCELERATE_USE_FSDP": "true"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"ACCELERATE_MIXED_PRECISION": "bf16"},
        LAUNCH | {"WORLD_SIZE": "2"},
        LAUNCH | {"WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"},
        MPI | {"PMI_SIZE": "2", "PMI_RANK": "0"},
        MORE,
    ],
    ids=["mixed precision", "two processes", "one process", "MPI", "accelerate"],
)
def test_a_job_ignores_the_launch_and_precision_of_the_shell(root, variables):
    environment = {**os.environ, **variables, "PYTHONPATH": str(root / "workflow_scripts")}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["False", "1", "no", "1"], done.stderr
