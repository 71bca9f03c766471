"""Fine-tune one stage on its questions, starting from its parent's checkpoint."""

from gradual_learning.generation.decoding import Decoding
from gradual_learning.jobs import fingerprint, gpus, resume, script
from gradual_learning.jobs.processes import is_worker
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading, resolve_dtype
from gradual_learning.tables.files import read_json_lines
from gradual_learning.training import distributed
from gradual_learning.training.settings import FinetuningSettings
from gradual_learning.training.stage import INPUTS, OUTPUTS, StageJob


def main(job: StageJob, torch_threads: int, gpu_count: int) -> None:
    processes = job.settings.processes
    if is_worker():
        train(job, torch_threads)
        return
    resume.open_work_folder(job.work, job.purpose())
    if processes.count > 1:
        gpus.require_gpus(gpu_count, processes.per_node)
        distributed.launch_workers(processes, torch_threads)
    else:
        train(job, torch_threads)
    resume.remove(job.work)


def train(job: StageJob, torch_threads: int) -> None:
    distributed.initialize()
    prepare_torch(torch_threads)
    job.train()


def steps_of(sibling: str | None) -> int | None:
    """Return the number of optimizer steps of the stage whose steps this one matches, if there is one."""
    return read_json_lines(sibling, whole=True)[0]["steps"] if sibling else None


if __name__ == "__main__":
    params, inputs, outputs = snakemake.params.settings, snakemake.input, snakemake.output
    resources = snakemake.resources
    gpu_count = gpus.gpus_requested(resources.get("gpu", 0), resources.get("gres"))
    processes_per_node = params["processes"] // params["nodes"]
    with script.job(snakemake.log[0]), gpus.reserve_gpus(gpu_count, processes_per_node):
        loading = resolve_dtype(inputs.model, Loading(params["dtype"], params["quantization"]))
        job = StageJob(
            checkpoint=snakemake.wildcards.checkpoint,
            inputs={name: inputs[name] for name in INPUTS if inputs[name]},
            outputs={name: outputs[name] for name in OUTPUTS},
            code=fingerprint.code_of(snakemake.params),
            settings=FinetuningSettings.from_params(params, loading, steps_of(inputs.sibling or None)),
            decoding=Decoding(max_new_tokens=params["max_new_tokens"]),
            chat_template=params["chat_template"],
            batch_tokens=resources.batch_tokens,
        )
        main(job, params["torch_threads"], gpu_count)
