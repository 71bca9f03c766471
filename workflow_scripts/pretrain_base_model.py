"""Pretrain the base model on the documents of the world."""

import shutil
from dataclasses import asdict
from pathlib import Path

from gradual_learning import pretraining, records, runtime, scratch


def main(documents: str, model: str, training_log: str, settings: pretraining.Pretraining) -> None:
    texts = records.read_table(documents, records.DOCUMENTS)["text"].tolist()
    folder = Path(model).with_name(".pretraining")  # no declared output: a killed run goes on from here
    resume = scratch.open_scratch(folder, [asdict(settings), scratch.fingerprint(documents)])
    history = pretraining.pretrain(texts, settings, folder, resume)
    records.write_json_lines(history, training_log)
    scratch.publish(folder / pretraining.FINISHED, ["*"], model)
    shutil.rmtree(folder)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]):
        runtime.prepare_torch(params.torch_threads)
        main(
            documents=snakemake.input.documents,
            model=snakemake.output.model,
            training_log=snakemake.output.training_log,
            settings=pretraining.Pretraining(**{name: params[name] for name in pretraining.SETTINGS}),
        )
