"""Say what the experiment will take on this machine, and whether all it needs is there, before it is run.

The page is shown, and written with its table, before a failed check ends the job.
"""

import time
from pathlib import Path
from typing import Any

import psutil

from gradual_learning import gpus, models, pretraining, prompts, records, runtime, sampling, training
from gradual_learning.encoding import Encoder
from gradual_learning.plan import blueprint, calibration, counts, page, prerequisites, workload

ASKED = ("estimator", "exemplar_sets", "samples", "max_new_tokens")
COUNTED = ("mode", "trained", "labelled", "finals", "retest", "probe_questions", "shards", "data_jobs", "outcomes")


def main(
    results: Path,
    model: blueprint.Blueprint,
    encoder: Encoder,
    experiment: workload.Experiment,
    trial: calibration.Trial,
    validation: int,
    base_settings: pretraining.Pretraining,
    base_threads: int,
    start: float,
    cores: int,
    quantization: str,
) -> None:
    present = prerequisites.check_questions(trial.questions)
    prerequisites.insist([present])  # without questions there is nothing to count
    lengths = calibration.mean_lengths(trial, encoder, model.statements)
    trainable = {method: blueprint.count_trainable(model, method, trial.lora) for method in trial.batch_sizes}
    base_step = calibration.pretraining_step(model, base_settings, base_threads) if len(model.sequences) else 0.0
    seconds, measured_on = calibration.calibrate(model, encoder, trial, lengths.answer, results / "model")
    plan = counts.Plan(
        experiment,
        trial.questions,
        validation,
        counts.read_categories(results / "categories" / "base" / "train.parquet"),
        lengths,
        blueprint.sizes(model, trainable, base_settings.batch_size),
        calibration.to_pace(seconds, start + model.stored_bytes / calibration.LOADING, base_step),
    )
    work, device = plan.work(), prerequisites.find_device()
    beside = 1 if device.gpus else min(cores, max(part.jobs for part in work if part.runs_model))
    needed = prerequisites.memory_needed(model, trial, lengths, trainable)
    checks = [
        prerequisites.check_model(model.name, model.parameters, model.stored_bytes, quantization),
        present,
        prerequisites.check_disk(workload.summed(work).disk_bytes.expected, results),
        prerequisites.check_device(device, needed, beside),
    ]
    wall = counts.wall_clock(work, cores, device.gpus)
    notes = [f"Times were measured here on {measured_on}.", *plan.assumptions()]
    written = page.write(checks, work, wall, f"{device.name}, --cores {cores}", notes)
    records.write_text(written, results / "plan" / "plan.md")
    records.write_tsv(page.table(work), results / "plan" / "plan.tsv")
    print(written)
    prerequisites.insist(checks)


def described(inputs: Any, settings: pretraining.Pretraining, loading: models.Loading) -> blueprint.Blueprint:
    """Return what the inputs of the rule tell of the base model."""
    if inputs.get("outline"):
        return blueprint.from_outline(inputs.outline, inputs.model_source, loading)
    documents = records.read_table(inputs.documents, records.DOCUMENTS)
    facts = records.read_table(inputs.facts, records.FACTS)
    return blueprint.from_documents(documents, facts, settings, loading)


if __name__ == "__main__":
    begun = time.time() - psutil.Process().create_time()  # seconds that a process needs to import all this
    params, inputs = snakemake.params, snakemake.input
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        runtime.prepare_torch(params.torch_threads)
        knowledge, loading = params.knowledge, models.Loading(params.dtype, params.quantization)
        settings = pretraining.Pretraining(**params.pretraining)
        model = described(inputs, settings, loading)
        questions = records.read_table(inputs.questions, records.QUESTIONS)
        drawn = records.read_table(inputs.prompts, records.PROMPTS)
        experiment = workload.Experiment(
            stages={name: workload.StagePlan.from_config(stage) for name, stage in params.stages.items()},
            **{name: knowledge[name] for name in ASKED},
            **{name: params[name] for name in COUNTED},
        )
        main(
            results=Path(params.results),
            model=model,
            encoder=Encoder(model.tokenizer, params.chat_template),
            experiment=experiment,
            trial=calibration.Trial(
                questions=questions,
                prompts=drawn[drawn["draw"] == 0],
                decoding=sampling.Decoding(
                    knowledge["seed"], knowledge["temperature"], knowledge["top_k"], knowledge["max_new_tokens"]
                ),
                samples=knowledge["samples"],
                batch_tokens=knowledge["batch_tokens"],
                template=params.prompt,
                lora=training.Lora(**params.lora),
                batch_sizes={stage.method: stage.batch_size for stage in counts.used_stages(experiment).values()},
            ),
            validation=len(prompts.validation_questions(questions, drawn)),
            base_settings=settings,
            base_threads=params.pretraining_threads,
            start=begun,
            cores=params.cores,
            quantization=params.quantization,
        )
