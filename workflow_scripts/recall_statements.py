"""Ask the base model to complete a statement of every fact it has read: what it holds before any question is asked."""

from gradual_learning import encoding, gpus, models, records, runtime, sampling, world


def main(
    model: str, facts: str, recall: str, decoding: sampling.Decoding, batch_tokens: int, loading: models.Loading
) -> None:
    table = records.read_table(facts, records.FACTS)
    asked = [sampling.Prompt(fact.id, 0, fact.relation, world.unfinished(fact)) for fact in table.itertuples()]
    encoder = encoding.Encoder(models.load_tokenizer(model))
    engine = sampling.Engine(models.load_model(model, loading=loading), encoder, batch_tokens)
    said = {answer.prompt.id: answer.greedy.strip() for answer in engine.answer(asked, decoding, 0)}
    table["correct"] = [world.is_completed(fact.answer, said[fact.id]) for fact in table.itertuples()]
    table["answer"] = table["id"].map(said)
    records.write_table(table, records.EVALUATION, recall)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        runtime.prepare_torch(params.torch_threads)
        main(
            model=snakemake.input.model,
            facts=snakemake.input.facts,
            recall=snakemake.output.recall,
            decoding=sampling.Decoding(max_new_tokens=params.max_new_tokens),
            batch_tokens=snakemake.resources.batch_tokens,
            loading=models.Loading(params.dtype),
        )
