"""Make the facts of the simulated world, the documents that state them and the questions that ask for them."""

import json

from gradual_learning import records, runtime, world


def read_records(paths: list[str]) -> list[dict]:
    """Read the records that ``download_dataset`` wrote."""
    return [json.loads(line) for path in paths for line in open(path, encoding="utf-8")]


def main(
    source: list[str],
    facts: str,
    documents: str,
    questions: str,
    people: int,
    facts_per_relation: int,
    templates: int,
    exposure: world.Exposure,
    taught: world.Taught,
    opening: world.Opening,
    shares: dict[str, float],
    seed: int,
) -> None:
    if source:
        table = world.sample_facts(read_records(source), facts_per_relation, shares, seed)
    else:
        table = world.split_subjects(world.invent_facts(people, seed), shares, seed)
    table = world.with_ids(world.expose(table, exposure, taught, opening, seed))
    texts = world.write_documents(table, templates, opening.share, seed)
    records.write_table(world.count_exposures(table, texts), records.FACTS, facts)
    records.write_table(texts, records.DOCUMENTS, documents)
    lines = [json.dumps(record, ensure_ascii=False) for record in world.to_questions(table)]
    records.write_text("\n".join(lines) + "\n", questions)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]):
        main(
            source=list(snakemake.input.records),
            facts=snakemake.output.facts,
            documents=snakemake.output.documents,
            questions=snakemake.output.questions,
            people=params.people,
            facts_per_relation=params.facts_per_relation,
            templates=params.templates,
            exposure=world.Exposure(params.exposure_minimum, params.exposure_maximum, params.exposure_jitter),
            taught=world.Taught(params.taught_share, params.taught_most_exposed),
            opening=world.Opening(params.opening_subjects, params.opening_share),
            shares=params.shares,
            seed=params.seed,
        )
