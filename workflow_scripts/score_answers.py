"""Compute how likely a checkpoint answers one shard of the questions correctly under every exemplar set.

What is done is kept in a folder beside the output while the job runs: a killed job goes on from there.
"""

import logging
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from gradual_learning import (
    encoding,
    labelling,
    likelihood,
    models,
    progress,
    provenance,
    records,
    runtime,
    sampling,
    scratch,
    splits,
)


def main(
    paths: dict,
    split: str,
    probe: int,
    shard: tuple[int, int],
    decoding: sampling.Decoding,
    batch_tokens: int,
    loading: models.Loading,
    chat_template: bool,
) -> None:
    table = records.read_table(paths["questions"], records.QUESTIONS)
    chosen = splits.choose_questions(table, split, probe, decoding.seed).iloc[shard[0] :: shard[1]]
    prompts = records.read_table(paths["prompts"], records.PROMPTS)
    prompts = prompts[prompts["draw"] == decoding.draw]
    settings = [split, probe, asdict(decoding), asdict(models.resolve(paths["model"], loading)), chat_template]
    files = {name: paths[name] for name in ("model", "checkpoint", "questions", "prompts", "code") if paths[name]}
    made_of = provenance.describe(files, settings)
    output = Path(paths["likelihoods"])
    work = output.with_name(f".{output.name}.parts")
    scratch.open_scratch(work, [made_of, shard, batch_tokens])
    model = models.load_model(paths["model"], paths["checkpoint"], loading)
    encoder = encoding.Encoder(models.load_tokenizer(paths["model"]), chat_template)
    lost = labelling.count_unanswerable(chosen, encoder, decoding.max_new_tokens)
    if lost:
        logging.warning("knowledge.max_new_tokens: %d questions have longer answers and end up Unknown", lost)
    logging.info("%d questions", len(chosen))
    engine = sampling.Engine(model, encoder, batch_tokens)
    size = max(1, batch_tokens // labelling.TOKENS_A_QUESTION)
    with progress.Progress(len(chosen)) as told:
        parts = likelihood.label(engine, chosen, prompts, decoding, size, work, told)
        records.write_parts(parts, records.LIKELIHOODS, work / output.name, made_of)
    os.replace(work / output.name, output)
    shutil.rmtree(work)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]):
        runtime.prepare_torch(params.torch_threads)
        main(
            paths={
                "questions": snakemake.input.questions,
                "prompts": snakemake.input.prompts,
                "model": snakemake.input.model,
                "checkpoint": snakemake.input.checkpoint or None,
                "code": list(snakemake.input.lib),
                "likelihoods": snakemake.output.likelihoods,
            },
            split=params.split,
            probe=params.probe_questions,
            shard=(params.shard, params.shards),
            decoding=sampling.Decoding(
                params.seed, params.temperature, params.top_k, params.max_new_tokens, params.draw
            ),
            batch_tokens=params.batch_tokens,
            loading=models.Loading(params.dtype, params.quantization),
            chat_template=params.chat_template,
        )
