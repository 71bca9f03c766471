"""Pretrain the base model on the documents of the world."""

from dataclasses import asdict

from gradual_learning import gpus, pretraining, provenance, records, runtime, scratch


def main(
    documents: str, model: str, training_log: str, settings: pretraining.Pretraining, code: list[str], node_disk: str
) -> None:
    texts = records.read_table(documents, records.DOCUMENTS)["text"].tolist()
    made_of = provenance.describe({"documents": documents, "code": code}, asdict(settings))
    work = scratch.open_scratch(scratch.beside(model), made_of)
    if scratch.restore(work, [model, training_log]):
        return
    history = pretraining.pretrain(texts, settings, work, node_disk, model)
    records.write_json_lines(history, training_log)
    scratch.keep(work, [model, training_log])


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        runtime.prepare_torch(params.torch_threads)
        main(
            documents=snakemake.input.documents,
            model=snakemake.output.model,
            training_log=snakemake.output.training_log,
            settings=pretraining.Pretraining(**{name: params[name] for name in pretraining.SETTINGS}),
            code=list(snakemake.input.lib),
            node_disk=snakemake.resources.tmpdir,
        )
