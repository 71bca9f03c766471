"""Train one stage on its questions, starting from its parent's checkpoint."""

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from gradual_learning import (
    encoding,
    epochs,
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
        return {"validation_accuracy": float(right.mean()), **epochs.train_accuracies(learned, at_base)}

    folders = {name: paths[name] for name in ("best", "convergence", "node_disk", "work")}
    outcome = training.finetune(model, encoder, rows, measure, settings, folders)
    if parallel.rank() == 0:
        records.write_json_lines(outcome.epochs, paths["training_log"])
        told = {"checkpoint": paths["checkpoint"], "seed": settings.seed, "questions": len(rows), **outcome.summary()}
        records.write_text(json.dumps(told, indent=2) + "\n", paths["summary"])
        scratch.keep(paths["work"], [paths[name] for name in OUTPUTS])


def is_done(paths: dict, settings: training.Finetuning, asked: list) -> bool:
    """Make the working folder ready, and put the outputs back if they are kept in it; return whether they were."""
    made_from = {name: paths[name] for name in (*INPUTS, "parent", "code") if paths[name]}
    work = scratch.open_scratch(paths["work"], provenance.describe(made_from, [asdict(settings), *asked]))
    return scratch.restore(work, [paths[name] for name in OUTPUTS])


def sibling_steps(path: str | None) -> int | None:
    """Return how many optimiser steps the sibling stage made."""
    return records.read_json_lines(path, whole=True)[0]["steps"] if path else None


def paths_of(inputs: Any, outputs: Any, checkpoint: str, node_disk: str) -> dict[str, Any]:
    """Name the files and folders of the rule, and the checkpoint."""
    return {
        **{name: inputs[name] for name in INPUTS},
        **{name: outputs[name] for name in OUTPUTS},
        "parent": inputs.parent or None,
        "code": list(inputs.lib),
        "checkpoint": checkpoint,
        "work": scratch.beside(outputs.best),
        "node_disk": node_disk,
    }


def settings_of(params: Any, inputs: Any, processes: parallel.Processes) -> training.Finetuning:
    """Read the params of the rule."""
    return training.Finetuning(
        lora=training.Lora(params.rank, params.alpha, params.dropout),
        loading=models.resolve(inputs.model, models.Loading(params.dtype, params.quantization)),
        steps=sibling_steps(inputs.sibling or None),
        processes=processes,
        **{name: params[name] for name in training.SETTINGS},
    )


if __name__ == "__main__":
    params, resources = snakemake.params, snakemake.resources
    processes = parallel.Processes(params.processes, params.nodes, params.sharded)
    held = gpus.asked(resources.get("gpu", 0), resources.get("gres"))
    with runtime.job(snakemake.log[0]), gpus.claimed(held, processes.on_a_node):
        settings = settings_of(params, snakemake.input, processes)
        checkpoint, node_disk = snakemake.wildcards.checkpoint, resources.tmpdir
        paths = paths_of(snakemake.input, snakemake.output, checkpoint, node_disk)
        # of several processes the one that launches the others looks for them whether there is anything to do
        if parallel.is_worker() or not is_done(paths, settings, [params.chat_template, params.max_new_tokens]):
            if processes.count > 1 and not parallel.is_worker():
                gpus.insist(held, processes.on_a_node)
                parallel.launch(processes, params.torch_threads)
            else:
                parallel.join()
                runtime.prepare_torch(params.torch_threads)
                decoding = sampling.Decoding(max_new_tokens=params.max_new_tokens)
                main(paths, settings, decoding, resources.batch_tokens, params.chat_template)
