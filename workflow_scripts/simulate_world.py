"""Simulate the facts of the world, the documents that state them, and the questions about them."""

from typing import Any

import pandas as pd

from gradual_learning.data import cleaning, simulation
from gradual_learning.jobs import script
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import write_json_lines, write_table
from gradual_learning.tables.schemas import DOCUMENTS, FACTS


def main(
    records_file: str | None,
    facts_file: str,
    documents_file: str,
    questions_file: str,
    relations: list[str],
    world: dict[str, Any],
) -> None:
    """Write the tables of facts and documents, and the questions (JSON lines); without records, facts are invented."""
    seed = world["seed"]
    facts = sample_facts(records_file, relations, world) if records_file else invent_facts(world)
    exposure, taught = simulation.Exposure(**world["exposure"]), simulation.Taught(**world["taught"])
    opening = simulation.Opening(**world["opening"])
    facts = simulation.with_ids(simulation.expose(facts, exposure, taught, opening, seed))
    documents = simulation.write_documents(facts, world["templates"], opening.share, seed)
    write_table(simulation.count_exposures(facts, documents), FACTS, facts_file)
    write_table(documents, DOCUMENTS, documents_file)
    write_json_lines(simulation.to_questions(facts), questions_file)


def invent_facts(world: dict[str, Any]) -> pd.DataFrame:
    facts = simulation.invent_facts(world["people"], world["seed"])
    return simulation.split_subjects(facts, world["splits"], world["seed"])


def sample_facts(records_file: str, relations: list[str], world: dict[str, Any]) -> pd.DataFrame:
    records = cleaning.select_relations(cleaning.read_records(records_file), relations)
    if any(record["split"] is None for record in records):
        raise UserError("data.source: real facts are sampled from each split, but these questions have no splits.")
    return simulation.sample_facts(records, world["facts_per_relation"], world["splits"], world["seed"])


if __name__ == "__main__":
    with script.job(snakemake.log[0]):
        main(
            records_file=snakemake.input.records or None,
            facts_file=snakemake.output.facts,
            documents_file=snakemake.output.documents,
            questions_file=snakemake.output.questions,
            **snakemake.params.settings,
        )
