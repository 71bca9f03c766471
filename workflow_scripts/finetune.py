"""Train one stage on its questions, starting from its parent's checkpoint."""

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from gradual_learning import (
    encoding,
    gpus,
    labelling,
    models,
    parallel,
    prompts,
    provenance,
    records,
    runtime,
    sampling,
    scratch,
    splits,
    training,
)

INPUTS = ("model", "data", "questions", "prompts")
OUTPUTS = ("best", "convergence", "training_log", "summary")


def main(
    paths: dict, settings: training.Finetuning, decoding: sampling.Decoding, batch_tokens: int, chat_template: bool
) -> None:
    rows = records.read_json_lines(paths["data"])
    outputs = [paths[name] for name in OUTPUTS]
    made_from = {name: paths[name] for name in (*INPUTS, "parent", "code") if paths[name]}
    purpose = provenance.describe(made_from, [asdict(settings), chat_template])
    work = scratch.open_scratch(scratch.beside(paths["best"]), purpose)
    if scratch.restore(work, outputs):
        return
    table = records.read_table(paths["questions"], records.QUESTIONS)
    validation = prompts.validation_questions(table, records.read_table(paths["prompts"], records.PROMPTS))
    tracked = table[table["id"].isin([row["id"] for row in rows[: splits.TRACKED]])]
    model = training.trainable_model(paths["model"], paths["parent"], settings)
    encoder = encoding.Encoder(models.load_tokenizer(paths["model"]), chat_template)
    engine = sampling.Engine(model, encoder, batch_tokens)

    at_base = {row["id"]: row["category_at_base"] for row in rows}

    def ask(questions: pd.DataFrame) -> pd.Series:
        return labelling.verbatim(engine, questions, settings.prompt, decoding)

    def measure() -> dict[str, float]:
        right, learned = (parallel.share_out(ask, part, settings.processes.sharded) for part in (validation, tracked))
        return {"validation_accuracy": float(right.mean()), **training.train_accuracies(learned, at_base)}

    folders = {name: paths[name] for name in ("best", "convergence", "node_disk")} | {"work": work}
    outcome = training.finetune(model, encoder, rows, measure, settings, folders)
    if parallel.rank() == 0:
        records.write_json_lines(outcome.epochs, paths["training_log"])
        told = {"checkpoint": paths["checkpoint"], "seed": settings.seed, "questions": len(rows), **outcome.summary()}
        records.write_text(json.dumps(told, indent=2) + "\n", paths["summary"])
        scratch.keep(work, outputs)


def sibling_steps(path: str | None) -> int | None:
    """Return how many optimiser steps the sibling stage made."""
    return records.read_json_lines(path, whole=True)[0]["steps"] if path else None


def run(params: Any, inputs: Any, outputs: Any, node_disk: str, checkpoint: str) -> None:
    """Train the stage of a job in this process, alone or with others."""
    parallel.join()
    runtime.prepare_torch(params.torch_threads)
    files = {name: inputs[name] for name in INPUTS} | {name: outputs[name] for name in OUTPUTS}
    main(
        paths={
            **files,
            "parent": inputs.parent or None,
            "code": list(inputs.lib),
            "checkpoint": checkpoint,
            "node_disk": node_disk,
        },
        settings=training.Finetuning(
            lora=training.Lora(params.rank, params.alpha, params.dropout),
            loading=models.resolve(inputs.model, models.Loading(params.dtype, params.quantization)),
            steps=sibling_steps(inputs.sibling or None),
            processes=processes_of(params),
            **{name: params[name] for name in training.SETTINGS},
        ),
        decoding=sampling.Decoding(max_new_tokens=params.max_new_tokens),
        batch_tokens=params.batch_tokens,
        chat_template=params.chat_template,
    )


def processes_of(params: Any) -> parallel.Processes:
    """Read the params of the rule."""
    return parallel.Processes(params.processes, params.nodes, params.sharded)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        if params.processes > 1 and not parallel.is_worker():
            parallel.launch(processes_of(params), params.torch_threads)
        else:
            node_disk, checkpoint = snakemake.resources.tmpdir, snakemake.wildcards.checkpoint
            run(params, snakemake.input, snakemake.output, node_disk, checkpoint)
