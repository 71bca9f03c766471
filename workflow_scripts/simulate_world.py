"""Make the facts of the simulated world, the documents that state them and the questions that ask for them."""

from gradual_learning import questions, records, runtime, world


def main(
    source: str | None,
    relations: list[str],
    facts: str,
    documents: str,
    questions_file: str,
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
        found = questions.of_relations(questions.read_records(source), relations)
        if any(record["split"] is None for record in found):
            raise records.UserError("data.source: real facts are drawn from each split, but these questions have none.")
        table = world.sample_facts(found, facts_per_relation, shares, seed)
    else:
        table = world.split_subjects(world.invent_facts(people, seed), shares, seed)
    table = world.with_ids(world.expose(table, exposure, taught, opening, seed))
    texts = world.write_documents(table, templates, opening.share, seed)
    records.write_table(world.count_exposures(table, texts), records.FACTS, facts)
    records.write_table(texts, records.DOCUMENTS, documents)
    records.write_json_lines(world.to_questions(table), questions_file)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]):
        main(
            source=next(iter(snakemake.input.records), None),  # one file, or none where the facts are invented
            relations=params.relations,
            facts=snakemake.output.facts,
            documents=snakemake.output.documents,
            questions_file=snakemake.output.questions,
            people=params.people,
            facts_per_relation=params.facts_per_relation,
            templates=params.templates,
            exposure=world.Exposure(params.exposure_minimum, params.exposure_maximum, params.exposure_jitter),
            taught=world.Taught(params.taught_share, params.taught_most_exposed),
            opening=world.Opening(params.opening_subjects, params.opening_share),
            shares=params.shares,
            seed=params.seed,
        )
