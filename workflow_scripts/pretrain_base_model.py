"""Pretrain the base model on the documents of the simulated world."""

import json
from dataclasses import asdict

from gradual_learning.jobs import fingerprint, gpus, resume, script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.models import pretraining
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.files import describe_files
from gradual_learning.tables.files import read_table, write_json_lines
from gradual_learning.tables.schemas import DOCUMENTS


def main(documents: str, outputs: dict[str, str], settings: pretraining.Pretraining, code: list[str]) -> None:
    """Write the model, the log of its training, and what the model is made of.

    Args:
        documents: Parquet file of the documents.
        outputs: paths by name: model, source, training_log.
        settings: the model and its training.
        code: the code on which the result depends, from :func:`fingerprint.code_of`.
    """
    texts = read_table(documents, DOCUMENTS)["text"].tolist()
    purpose = fingerprint.describe({"documents": documents}, code, asdict(settings))
    work = resume.open_work_folder(resume.work_folder(outputs["model"]), purpose)
    history = pretraining.pretrain(texts, settings, work, outputs["model"])
    write_json_lines(history, outputs["training_log"])
    record = {"source": "pretrain", "files": describe_files(outputs["model"])}
    write_text(json.dumps(record, indent=2) + "\n", outputs["source"])
    resume.remove(work)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]), gpus.reserve_gpus(snakemake.resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            documents=snakemake.input.documents,
            outputs=dict(snakemake.output.items()),
            settings=pretraining.Pretraining(**{name: params[name] for name in pretraining.SETTINGS}),
            code=fingerprint.code_of(snakemake.params),
        )
