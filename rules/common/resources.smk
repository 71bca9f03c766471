"""What a job requests: by the size of the model, and more where a first attempt was not enough."""

import os
import shutil

LIGHT = {"mem_mb": 2000, "runtime": 10}  # of a job without a model
HOURS_PER_GB = 0.5  # of weights; a job that needs longer resumes in its second attempt

PARALLEL = config["training"]["parallel"]
PROCESSES_PER_NODE = PARALLEL["processes"] // PARALLEL["nodes"]


def per_attempt(amount):
    """Return a resource that doubles in a second attempt."""
    return lambda wildcards, attempt: attempt * amount


def gpus(wildcards):
    """Return the number of GPUs of a job that runs a model: none for models pretrained here, which share the first."""
    on_cluster = workflow.non_local_exec  # GPUs are where the jobs run, not where Snakemake does
    has_gpus = on_cluster or os.environ.get("CUDA_VISIBLE_DEVICES") or shutil.which("nvidia-smi")
    return int(bool(has_gpus) and not is_pretrained())


def weights_gb(folder):
    """Return the size of the weights in a model folder in GB."""
    files = (os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".safetensors"))
    return sum(map(os.path.getsize, files)) / 1e9


def model_mb(copies=2):
    """Return the memory of a job that holds several copies of the stored weights: two where 16 bits become 32."""
    return lambda wildcards, input, attempt: attempt * round(2000 + 1000 * copies * weights_gb(input.model))


def model_minutes(least=60):
    """Return the time limit of a job that runs a model."""
    return lambda wildcards, input, attempt: attempt * round(least + 60 * HOURS_PER_GB * weights_gb(input.model))


def inference_resources(copies=2, least=60):
    """Return the resources of a job that runs inference; the batch size is one, as it only affects speed."""
    return {
        "mem_mb": model_mb(copies),
        "runtime": model_minutes(least),
        "batch_tokens": config["knowledge"]["batch_tokens"],
        "gpu": gpus,
        "nodes": 1,
    }


def training_mb(wildcards, input, attempt):
    """Return the memory per node of a training job.

    Gradients and the two moments of AdamW take three times the weights again where all weights are trained. With GPUs
    only the first process holds them in this memory, to write a checkpoint.
    """
    trained = 6 if setting("method")(wildcards) == "full" else 0
    holding = 1 if gpus(wildcards) else PROCESSES_PER_NODE
    loading = PROCESSES_PER_NODE * model_mb()(wildcards, input, attempt)
    return loading + attempt * round(holding * trained * 1000 * weights_gb(input.model))


def training_gpus(wildcards):
    """Return the number of GPUs of a training job on one node: one per process."""
    return gpus(wildcards) * PARALLEL["processes"] if PARALLEL["nodes"] == 1 else 0


def training_gres(wildcards):
    """Return the GPUs per node of a training job on several nodes: SLURM would seek a total on a single node."""
    return f"gpu:{PROCESSES_PER_NODE}" if gpus(wildcards) and PARALLEL["nodes"] > 1 else None


def training_tasks(wildcards):
    """Return the number of SLURM tasks, or nothing where one is enough or GPUs are counted."""
    return None if gpus(wildcards) or PARALLEL["nodes"] == 1 else PARALLEL["nodes"]


def training_resources():
    """Return the resources of a training job."""
    return {
        "mem_mb": training_mb,
        "runtime": model_minutes(),
        "batch_tokens": config["knowledge"]["batch_tokens"],
        "gpu": training_gpus,
        "gres": training_gres,
        "nodes": PARALLEL["nodes"],
        "tasks": training_tasks,
    }
