"""Write the model of the best seed of a strategy, merged or as an adapter, with its tokenizer and a model card."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradual_learning.evaluation.checkpoints import Files, by_checkpoint
from gradual_learning.experiment import checkpoint_name, prefixes
from gradual_learning.export import card, model
from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import atomic_folder
from gradual_learning.models.adapters import hub_origin
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import read_config, stored_dtype
from gradual_learning.tables.files import read_json_lines, read_table, read_tsv
from gradual_learning.tables.schemas import EVALUATION, QUESTIONS


def main(
    finals: Files, evaluations: Files, summaries: Files, files: Mapping[str, Any], output: str, params: dict[str, Any]
) -> None:
    """Write the folder of the model.

    Args:
        finals: folders of the final checkpoints.
        evaluations: their evaluations on the test questions.
        summaries: summaries of all checkpoints that the strategy passes through.
        files: the other files by name: model, questions, tables, and model_source and data_source where they exist.
        output: the folder.
        params: of the rule.
    """
    trained = {name: read_record(path) for name, path in summaries.items()}
    names = {seed: checkpoint_name(params["chain"], seed) for seed in params["seeds"]}
    accuracies = {seed: trained[name]["best_validation_accuracy"] for seed, name in names.items()}
    seed = model.best_seed(accuracies)
    logging.info("exporting %s, validation accuracy %.3f", names[seed], accuracies[seed])
    source = read_record(files["model_source"])
    text = card.write(
        card.Export(
            strategy=params["strategy"],
            stages=[
                {**stage, "summary": trained[checkpoint_name(part, seed)]}
                for stage, part in zip(params["stages"], prefixes(params["chain"]), strict=True)
            ],
            accuracies=accuracies,
            seed=seed,
            correct=read_table(evaluations[names[seed]], EVALUATION)["correct"].tolist(),
            questions=read_table(files["questions"], QUESTIONS),
            tables={Path(path).stem: read_tsv(path) for path in files["tables"]},
            export_format=params["format"],
            dtype=stored_dtype(read_config(files["model"])),
            model=params["model"],
            model_source=source,
            data=params["data"],
            data_source=read_record(files["data_source"]),
            prompt=params["prompt"],
            max_new_tokens=params["max_new_tokens"],
            confidence=params["confidence_level"],
        )
    )
    with atomic_folder(output) as folder:
        if params["format"] == "adapter":
            model.write_adapter(files["model"], finals[names[seed]], folder, hub_origin(source))
        else:
            model.write_merged(files["model"], finals[names[seed]], folder)
        (folder / "README.md").write_text(text, encoding="utf-8")


def read_record(path: str | None) -> dict[str, Any]:
    """Read a JSON object, empty where there is no file."""
    return read_json_lines(path, whole=True)[0] if path else {}


if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params.settings
    with script.job(snakemake.log[0]):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the job reserves no GPU
        prepare_torch(params["torch_threads"])
        finals = [checkpoint_name(params["chain"], seed) for seed in params["seeds"]]
        passed = [checkpoint_name(part, seed) for part in prefixes(params["chain"]) for seed in params["seeds"]]
        main(
            finals=by_checkpoint(finals, inputs.finals),
            evaluations=by_checkpoint(finals, inputs.evaluations),
            summaries=by_checkpoint(passed, inputs.summaries),
            files={
                "model": inputs.model,
                "questions": inputs.questions,
                "tables": inputs.tables,
                "model_source": None if params["model"]["source"] == "pretrain" else inputs.model_source,
                "data_source": inputs.data_source or None,
            },
            output=snakemake.output.model,
            params=params,
        )
