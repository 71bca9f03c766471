"""Train one stage on its questions, starting from its parent's checkpoint."""

import json
import shutil
from pathlib import Path

from gradual_learning import encoding, labelling, models, prompts, records, runtime, sampling, scratch, splits, training


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

    def measure() -> dict[str, float]:
        accuracy = labelling.verbatim_accuracy(engine, validation, settings.prompt, decoding)
        right = labelling.verbatim(engine, tracked, settings.prompt, decoding)
        return {"validation_accuracy": accuracy, **training.train_accuracies(right, at_base)}

    made_from = [paths[name] for name in ("model", "parent", "data", "questions", "prompts") if paths[name]]
    folders = {name: paths[name] for name in ("best", "convergence", "scratch")}
    purpose = [scratch.fingerprint(*made_from), chat_template]
    outcome = training.finetune(model, encoder, rows, measure, settings, folders, purpose)
    records.write_json_lines(outcome.epochs, paths["training_log"])
    summary = {"checkpoint": paths["checkpoint"], "seed": settings.seed, "questions": len(rows), **outcome.summary()}
    records.write_text(json.dumps(summary, indent=2) + "\n", paths["summary"])
    shutil.rmtree(paths["scratch"])


def sibling_steps(path: str | None) -> int | None:
    """Return how many optimiser steps the sibling stage made."""
    return records.read_json_lines(path, whole=True)[0]["steps"] if path else None


if __name__ == "__main__":
    params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
    with runtime.job(snakemake.log[0]):
        runtime.prepare_torch(params.torch_threads)
        main(
            paths={
                **{name: inputs[name] for name in ("model", "data", "questions", "prompts")},
                **{name: outputs[name] for name in ("best", "convergence", "training_log", "summary")},
                "parent": inputs.parent or None,
                "checkpoint": snakemake.wildcards.checkpoint,
                # no declared output: Snakemake removes those before a job, and a killed run goes on from here
                "scratch": str(Path(outputs.best).with_name(".trainer")),
            },
            settings=training.Finetuning(
                lora=training.Lora(params.rank, params.alpha, params.dropout),
                loading=models.resolve(inputs.model, models.Loading(params.dtype, params.quantization)),
                steps=sibling_steps(inputs.sibling or None),
                **{name: params[name] for name in training.SETTINGS},
            ),
            decoding=sampling.Decoding(max_new_tokens=params.max_new_tokens),
            batch_tokens=params.batch_tokens,
            chat_template=params.chat_template,
        )
