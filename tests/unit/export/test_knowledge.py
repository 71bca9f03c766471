"""The table of all questions with their labels."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.export.knowledge import knowledge_table
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import CATEGORIES, labeled_questions

CHECKPOINT = "maybe_known+gradual/seed2"


def labels(ids, category):
    return pd.DataFrame(
        {"id": ids, "category": category, "p_greedy": 0.5, "p_sampled": [0.25, *[np.nan] * (len(ids) - 1)]}
    )


@pytest.fixture(scope="module")
def questions(tiny_world):
    table = tiny_world.questions.sample(frac=1, random_state=1)
    return table.assign(source_id=[f"{number:03}" for number in range(len(table))])


@pytest.fixture(scope="module")
def ids(questions):
    return {split: part["id"].sort_values().tolist() for split, part in questions.groupby("split")}


@pytest.fixture(scope="module")
def table(questions, ids, tmp_path_factory):
    """Label train and test at base, train and two test questions later; write and read the table."""
    known = {
        "base": [labels(ids["train"], CATEGORIES[1]), labels(ids["test"], CATEGORIES[2])],
        CHECKPOINT: [labels(ids["train"], CATEGORIES[0]), labels(ids["test"][:2], CATEGORIES[3])],
    }
    path = tmp_path_factory.mktemp("knowledge") / "knowledge.parquet"
    write_table(knowledge_table(questions, known), labeled_questions(known), path)
    return read_table(path, labeled_questions(known))


def test_every_question_has_one_row_with_its_text_and_answers(table, questions):
    assert table["id"].tolist() == questions["id"].tolist()
    for name in ("source_id", "split", "relation", "question"):
        assert table[name].tolist() == questions[name].tolist()
    assert [list(texts) for texts in table["answers"]] == [list(texts) for texts in questions["answers"]]


def test_labels_belong_to_their_questions_and_are_null_elsewhere(table, ids):
    rows = table.set_index("id")
    assert set(rows.loc[ids["train"], "base.category"]) == {CATEGORIES[1]}
    assert set(rows.loc[ids["test"], "base.category"]) == {CATEGORIES[2]}
    after = rows[f"{CHECKPOINT}.category"]
    assert set(after[ids["train"]]) == {CATEGORIES[0]} and set(after[ids["test"][:2]]) == {CATEGORIES[3]}
    assert after[ids["test"][2:]].isna().all() and rows.loc[ids["dev"], "base.p_greedy"].isna().all()
    sampled = rows["base.p_sampled"].dropna()
    assert set(sampled.index) == {ids["train"][0], ids["test"][0]}, "a question without samples has no p_sampled"


def test_columns_are_found_by_their_ending(table):
    names = table.filter(like=".category").columns.str.removesuffix(".category")
    assert names.tolist() == ["base", CHECKPOINT]


def test_a_question_that_is_labeled_twice_is_an_error(questions, ids):
    with pytest.raises(ValueError, match="duplicate"):
        knowledge_table(questions, {"base": [labels(ids["train"], CATEGORIES[1])] * 2})
