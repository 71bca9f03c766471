"""Measure how many facts the base model recalls: it completes one statement of each fact, also of unread ones."""

from gradual_learning.data import simulation
from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs import gpus, script
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import EVALUATION, FACTS


def main(model: str, facts: str, recall: str, decoding: Decoding, batch_tokens: int, loading: Loading) -> None:
    table = read_table(facts, FACTS)
    prompts = [Prompt(fact.id, 0, fact.relation, simulation.incomplete_statement(fact)) for fact in table.itertuples()]
    encoder = Encoder(load_tokenizer(model))
    engine = Engine(load_model(model, loading=loading), encoder, batch_tokens)
    completions = {answer.prompt.id: answer.greedy.strip() for answer in engine.answer(prompts, decoding, 0)}
    table["correct"] = [simulation.is_recalled(fact.answer, completions[fact.id]) for fact in table.itertuples()]
    table["answer"] = table["id"].map(completions)
    write_table(table, EVALUATION, recall)


if __name__ == "__main__":
    params = snakemake.params.settings
    with script.job(snakemake.log[0]), gpus.reserve_gpus(snakemake.resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            model=snakemake.input.model,
            facts=snakemake.input.facts,
            recall=snakemake.output.recall,
            decoding=Decoding(max_new_tokens=params["max_new_tokens"]),
            batch_tokens=snakemake.resources.batch_tokens,
            loading=Loading(params["dtype"]),
        )
