"""Estimate the work and the run time of an experiment on this machine, and check that it can run here.

The page is printed, and written with its table, before a failed check ends the job.
"""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from gradual_learning.jobs import gpus, script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading
from gradual_learning.models.pretraining import Pretraining
from gradual_learning.plan import calibration, checks, model_spec, page
from gradual_learning.plan.counts import Plan, read_labels
from gradual_learning.plan.workload import Workload
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import DOCUMENTS, FACTS, PROMPTS, QUESTIONS


def main(settings: SimpleNamespace, inputs: Any, import_seconds: float) -> None:
    results, questions = Path(settings.results), read_table(inputs.questions, QUESTIONS)
    checks.require_passed([checks.check_questions(questions)])  # without questions there is nothing to count
    prompts, spec = read_table(inputs.prompts, PROMPTS), describe_model(inputs, settings.config)
    workload = Workload(settings.config, spec, questions, prompts, settings.sampling, settings.shards)
    timings = calibration.calibrate(workload, results / "model", import_seconds, settings.pretraining_threads)
    labels = read_labels(results / "categories" / "base" / "train.parquet")
    expected, at_most = (Plan(workload, timings, labels, len(settings.subjects), bound) for bound in (False, True))
    device = checks.find_device()
    jobs = 1 if device.gpus else expected.concurrent_jobs(settings.cores, 0)[expected.work["runs_model"]].max()
    found = [
        checks.check_model(spec),
        checks.check_questions(questions),
        checks.check_disk(expected.work["disk_bytes"].sum(), results),
        checks.check_device(device, checks.memory_needed(workload), jobs),
    ]
    written = page.write(found, expected, at_most, device, settings.cores)
    write_text(written, results / "plan" / "plan.md")
    write_tsv(page.table(expected, at_most), results / "plan" / "plan.tsv")
    print(written)
    checks.require_passed(found)


def describe_model(inputs: Any, config: dict[str, Any]) -> model_spec.ModelSpec:
    loading = Loading(config["model"]["dtype"], config["model"]["quantization"])
    if inputs.model_config:
        return model_spec.from_model_config(inputs.model_config, inputs.model_source, loading)
    documents, facts = read_table(inputs.documents, DOCUMENTS), read_table(inputs.facts, FACTS)
    return model_spec.from_documents(documents, facts, Pretraining(**config["pretraining"]), loading)


if __name__ == "__main__":
    import_seconds = time.time() - psutil.Process().create_time()  # since the process started
    settings = SimpleNamespace(**snakemake.params.settings)
    with script.job(snakemake.log[0]), gpus.reserve_gpus(snakemake.resources.get("gpu", 0)):
        prepare_torch(settings.torch_threads)
        main(settings, snakemake.input, import_seconds)
