import pytest

import simulate_world
from gradual_learning import records, world


def simulate(folder, rows, relations):
    records.write_json_lines(rows, folder / "records.jsonl")
    simulate_world.main(
        source=folder / "records.jsonl",
        relations=relations,
        facts=folder / "facts.parquet",
        documents=folder / "documents.parquet",
        questions_file=folder / "questions.jsonl",
        people=0,
        facts_per_relation=20,
        templates=2,
        exposure=world.Exposure(1, 4, 0.5),
        taught=world.Taught(0.1, 1),
        opening=world.Opening(2, 0.2),
        shares={"train": 0.5, "dev": 0.25, "test": 0.25},
        seed=1,
    )
    return records.read_table(folder / "facts.parquet", records.FACTS)


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
        for relation in ("P19", "P36", "P1")  # the last has no statements to be made of
        for split in splits
        for n in range(12)
    ]


def test_real_facts_are_those_of_the_relations_asked_for(tmp_path):
    assert set(simulate(tmp_path, rows(), ["P36", "P19"])["relation"]) == {"P19", "P36"}
    with pytest.raises(
        records.UserError, match=r"data\.relations: no question has the relation 'P3'; did you mean P36"
    ):
        simulate(tmp_path, rows(), ["P3"])
    with pytest.raises(records.UserError, match=r"no statement template for P1;"):
        simulate(tmp_path, rows(), [])


def test_real_facts_need_splits(tmp_path):
    with pytest.raises(records.UserError, match=r"data\.source: .*these questions have none"):
        simulate(tmp_path, rows([None]), ["P19"])
