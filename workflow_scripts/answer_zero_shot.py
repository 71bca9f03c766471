"""Answer the test and the training questions zero-shot, as a checkpoint does at its best and at its last epoch."""

from dataclasses import asdict

from gradual_learning import encoding, gpus, labelling, models, provenance, records, runtime, sampling, scratch


def main(
    model: str,
    answers: dict[str, dict[str, str]],
    questions: str,
    prompt: str,
    decoding: sampling.Decoding,
    batch_tokens: int,
    loading: models.Loading,
    chat_template: bool,
    code: list[str],
) -> None:
    files = {"model": model, "questions": questions, "code": code} | {f"at {name}": name for name in answers if name}
    purpose = provenance.describe(
        files, [prompt, asdict(decoding), asdict(models.resolve(model, loading)), chat_template]
    )
    written = [path for outputs in answers.values() for path in outputs.values()]
    work = scratch.open_scratch(scratch.beside(written[0]), purpose)
    if scratch.restore(work, written):
        return
    table = records.read_table(questions, records.QUESTIONS)
    encoder = encoding.Encoder(models.load_tokenizer(model), chat_template)
    for checkpoint, outputs in answers.items():
        engine = sampling.Engine(models.load_model(model, checkpoint or None, loading), encoder, batch_tokens)
        for split, path in outputs.items():
            asked = table[table["split"] == split]
            records.write_table(labelling.answer_zero_shot(engine, asked, prompt, decoding), records.ZERO_SHOT, path)
    scratch.keep(work, written)


if __name__ == "__main__":
    params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        runtime.prepare_torch(params.torch_threads)
        answers = {inputs.best or "": {"test": outputs.test, "train": outputs.train}}
        if inputs.convergence:
            answers[inputs.convergence] = {"test": outputs.convergence_test, "train": outputs.convergence_train}
        main(
            model=inputs.model,
            answers=answers,
            questions=inputs.questions,
            prompt=params.prompt,
            decoding=sampling.Decoding(max_new_tokens=params.max_new_tokens),
            batch_tokens=snakemake.resources.batch_tokens,
            loading=models.Loading(params.dtype, params.quantization),
            chat_template=params.chat_template,
            code=list(inputs.lib),
        )
