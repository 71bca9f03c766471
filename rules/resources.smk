"""What a job asks of its machine: by the size of the model, and more where a first attempt was not enough."""

import os
import shutil

HOURS_A_GB = 0.5  # that a job is given for a GB of weights; one that needs longer goes on in its second attempt


def again(amount):
    """Return a resource of which a second attempt asks twice as much."""
    return lambda wildcards, attempt: attempt * amount


def gpus(wildcards):
    """Return how many GPUs a job takes that runs a model: none for the small ones made here, which share the first.

    On a cluster they are where the jobs are, not where Snakemake runs.
    """
    has_gpus = workflow.non_local_exec or os.environ.get("CUDA_VISIBLE_DEVICES") or shutil.which("nvidia-smi")
    return int(bool(has_gpus) and not is_pretrained())


def weights_gb(folder):
    """Return how many GB of weights a model folder holds."""
    files = (os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".safetensors"))
    return sum(map(os.path.getsize, files)) / 1e9


def model_mb(copies=2):
    """Return the memory of a job that holds the stored weights so many times: twice where 16 bits become 32."""
    return lambda wildcards, input, attempt: attempt * round(2000 + 1000 * copies * weights_gb(input.model))


def model_minutes(least=60):
    """Return the time of a job that runs a model."""
    return lambda wildcards, input, attempt: attempt * round(least + 60 * HOURS_A_GB * weights_gb(input.model))


def asking(copies=2, least=60):
    """Return the resources of a job that asks a model; the size of a batch is one, as it changes the speed alone."""
    return {
        "mem_mb": model_mb(copies),
        "runtime": model_minutes(least),
        "models": 1,
        "batch_tokens": config["knowledge"]["batch_tokens"],
        "gpu": gpus,
        "nodes": 1,
    }


def shared(key):
    """Return a setting of how the work of one stage is spread."""
    return config["training"]["parallel"][key]


def processes_on_a_node():
    """Return how many processes of one stage run on each node."""
    return shared("processes") // shared("nodes")


def training_mb(wildcards, input, attempt):
    """Return the memory on each node of a job that trains.

    Where all weights are trained, gradients and two moments take three times as much again. On a GPU they take nothing
    here, until the first process gathers them to be written.
    """
    trained = 6 if setting("method")(wildcards) == "full" else 0
    holding = 1 if gpus(wildcards) else processes_on_a_node()
    loading = processes_on_a_node() * model_mb()(wildcards, input, attempt)
    return loading + attempt * round(holding * trained * 1000 * weights_gb(input.model))


def training_gpus(wildcards):
    """Return how many GPUs a job takes that trains on one node: one for every process."""
    return gpus(wildcards) * shared("processes") if shared("nodes") == 1 else 0


def training_gres(wildcards):
    """Return the GPUs on each of several nodes: of a number for all, SLURM would seek each step's on a single node."""
    return f"gpu:{processes_on_a_node()}" if gpus(wildcards) and shared("nodes") > 1 else None


def tasks(wildcards):
    """Return how many tasks SLURM shall make room for, or nothing where one is enough or it counts GPUs."""
    return None if gpus(wildcards) or shared("nodes") == 1 else shared("nodes")


def is_whole():
    """Tell whether the questions of a checkpoint are asked by one job."""
    return len(gather.shards("{scatteritem}")) == 1


def together(wildcards):
    """Name the group of the jobs about a checkpoint, one job on a cluster: after its stages, which all seeds share."""
    return os.path.dirname(wildcards.checkpoint) or "base"


def after_training(wildcards):
    """Name the group of a job that asks what a stage has taught: not that of a stage which holds several GPUs."""
    apart = shared("processes") > 1 and wildcards.checkpoint != "base"
    return f"{together(wildcards)}_asked" if apart else together(wildcards)


def asked_together(wildcards):
    """Name the group of a job that asks a checkpoint: where there are shards, each is a job of its own on a cluster."""
    return after_training(wildcards) if is_whole() else f"{together(wildcards)}_asked"


def asked_before(wildcards):
    """Return what a checkpoint is asked before its questions are sorted: two that run at once would take two GPUs."""
    in_turn = is_whole() and wildcards.checkpoint != "base"
    return f"<results>/answers/{wildcards.checkpoint}/zero_shot/test.parquet" if in_turn else []
