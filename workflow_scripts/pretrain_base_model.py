"""Pretrain the base model on the documents of the simulated world."""

from dataclasses import asdict

from gradual_learning.jobs import fingerprint, gpus, resume, script
from gradual_learning.models import pretraining
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.tables.files import read_table, write_json_lines
from gradual_learning.tables.schemas import DOCUMENTS


def main(documents: str, model: str, training_log: str, settings: pretraining.Pretraining, code: list[str]) -> None:
    texts = read_table(documents, DOCUMENTS)["text"].tolist()
    inputs = fingerprint.describe({"documents": documents, "code": code}, asdict(settings))
    work = resume.open_work_folder(resume.work_folder(model), inputs)
    history = pretraining.pretrain(texts, settings, work, model)
    write_json_lines(history, training_log)
    resume.remove(work)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]), gpus.reserve_gpus(snakemake.resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            documents=snakemake.input.documents,
            model=snakemake.output.model,
            training_log=snakemake.output.training_log,
            settings=pretraining.Pretraining(**{name: params[name] for name in pretraining.SETTINGS}),
            code=list(snakemake.input.code),
        )
