"""Ask a checkpoint one shard of the questions under every exemplar set."""

import logging

from gradual_learning import encoding, labelling, models, records, runtime, sampling, splits


def main(
    paths: dict[str, str],
    split: str,
    probe: int,
    shard: tuple[int, int],
    mode: str,
    samples: int,
    decoding: sampling.Decoding,
    batch_tokens: int,
    loading: models.Loading,
    chat_template: bool,
) -> None:
    table = records.read_table(paths["questions"], records.QUESTIONS)
    chosen = splits.choose_questions(table, split, probe, decoding.seed)
    chosen = chosen.iloc[shard[0] :: shard[1]]
    prompts = records.read_table(paths["prompts"], records.PROMPTS)
    asked = labelling.few_shot_prompts(chosen, prompts[prompts["draw"] == decoding.draw])
    model = models.load_model(paths["model"], paths["checkpoint"], loading)
    engine = sampling.Engine(
        model, encoding.Encoder(models.load_tokenizer(paths["model"]), chat_template), batch_tokens
    )
    lost = labelling.count_unanswerable(chosen, engine.encoder, decoding.max_new_tokens)
    if lost:
        logging.warning("knowledge.max_new_tokens: %d questions have longer answers and end up Unknown", lost)
    if mode == "full":
        answers = labelling.label_full(engine, asked, decoding, samples)
    else:
        gold = dict(zip(chosen["id"], chosen["answers"].map(list), strict=True))
        answers = labelling.label_lazily(engine, asked, decoding, samples, gold)
    records.write_table(answers, records.ANSWERS, paths["answers"])


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
                "answers": snakemake.output.answers,
            },
            split=params.split,
            probe=params.probe_questions,
            shard=(params.shard, params.shards),
            mode=params.mode,
            samples=params.samples,
            decoding=sampling.Decoding(
                params.seed, params.temperature, params.top_k, params.max_new_tokens, params.draw
            ),
            batch_tokens=params.batch_tokens,
            loading=models.Loading(params.dtype, params.quantization),
            chat_template=params.chat_template,
        )
