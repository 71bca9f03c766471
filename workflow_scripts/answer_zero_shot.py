"""Answer the test and the training questions zero-shot, as a checkpoint does at its best and at its last epoch."""

from gradual_learning import encoding, labelling, models, records, runtime, sampling


def main(
    model: str,
    answers: dict[str, dict[str, str]],
    questions: str,
    prompt: str,
    decoding: sampling.Decoding,
    batch_tokens: int,
    loading: models.Loading,
    chat_template: bool,
) -> None:
    table = records.read_table(questions, records.QUESTIONS)
    encoder = encoding.Encoder(models.load_tokenizer(model), chat_template)
    for checkpoint, outputs in answers.items():
        engine = sampling.Engine(models.load_model(model, checkpoint or None, loading), encoder, batch_tokens)
        for split, path in outputs.items():
            asked = table[table["split"] == split]
            records.write_table(labelling.answer_zero_shot(engine, asked, prompt, decoding), records.ZERO_SHOT, path)


if __name__ == "__main__":
    params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
    with runtime.job(snakemake.log[0]):
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
            batch_tokens=params.batch_tokens,
            loading=models.Loading(params.dtype, params.quantization),
            chat_template=params.chat_template,
        )
