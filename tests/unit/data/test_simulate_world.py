import pytest

import simulate_world
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import read_table, write_json_lines
from gradual_learning.tables.schemas import FACTS

WORLD = {
    "seed": 1,
    "people": 0,
    "facts_per_relation": 20,
    "templates": 2,
    "exposure": {"unread_share": 0.25, "minimum": 1, "maximum": 4, "jitter": 0.5},
    "taught": {"share": 0.1, "most_exposed": 1},
    "opening": {"subjects": 2, "share": 0.2},
    "splits": {"train": 0.5, "dev": 0.25, "test": 0.25},
}


def simulate(folder, rows, relations):
    write_json_lines(rows, folder / "records.jsonl")
    files = [folder / name for name in ("records.jsonl", "facts.parquet", "documents.parquet", "questions.jsonl")]
    simulate_world.main(*files, relations, WORLD)
    return read_table(folder / "facts.parquet", FACTS)


def rows(splits=("train", "dev", "test")):
    return [
        {
            "question": f"What is the {relation} of Thing {split} {n}?",
            "answers": [f"Place {n}"],
            "relation": relation,
            "subject": f"Thing {split} {n}",
            "split": split,
            "source": "entity_questions",
        }
        for relation in ("P19", "P36", "P1")  # there are no templates for the last one
        for split in splits
        for n in range(12)
    ]


def test_real_facts_are_of_the_selected_relations(tmp_path):
    assert set(simulate(tmp_path, rows(), ["P36", "P19"])["relation"]) == {"P19", "P36"}
    with pytest.raises(UserError, match=r"data\.relations: no question has the relation 'P3'; did you mean P36"):
        simulate(tmp_path, rows(), ["P3"])
    with pytest.raises(UserError, match=r"no statement template for P1;"):
        simulate(tmp_path, rows(), [])


def test_real_facts_need_splits(tmp_path):
    with pytest.raises(UserError, match=r"data\.source: .*these questions have no splits"):
        simulate(tmp_path, rows([None]), ["P19"])
