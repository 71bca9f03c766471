"""Files of checkpoints are aligned by question and seed; files of other questions are refused."""

import json

import pandas as pd
import pytest

from gradual_learning.evaluation.checkpoints import (
    Design,
    by_checkpoint,
    category_indicators,
    group_indicators,
    read_answers,
    read_best_answers,
    read_correct,
    read_knowledge,
    read_trained_answers,
    read_trained_ids,
    taught_by_strategy,
)
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import EVALUATION, KNOWLEDGE
from knowledge_tables import HIGHLY, MAYBE, UNKNOWN, WEAKLY, ids, knowledge, write_and_read, write_knowledge


def write_answers(path, correct):
    table = pd.DataFrame({"id": ids(len(correct)), "relation": "r", "answer": "x", "correct": correct})
    write_table(table.iloc[::-1], EVALUATION, path)
    return str(path)


@pytest.fixture
def evaluations(tmp_path):
    """The evaluation of the base model, and those of one strategy with two seeds."""
    correct = {"base": [True, False, False], "a/seed7": [False, False, True], "a/seed9": [True, True, False]}
    files = {
        name: write_answers(tmp_path / f"{number}.parquet", row) for number, (name, row) in enumerate(correct.items())
    }
    return files.pop("base"), files


def test_answers_are_aligned_by_question_and_seed(evaluations):
    base, files = evaluations
    answers = read_answers(base, {"best": files, "last": dict(files)}, Design({"one": ["a"]}, [9, 7]), ids(3))
    assert list(answers) == [("base", "-"), ("one", "best"), ("one", "last")]
    assert answers["base", "-"].tolist() == [[True], [False], [False]]
    assert answers["one", "best"].tolist() == [[True, False], [True, False], [False, True]]
    best = read_best_answers(base, files, Design({"one": ["a"]}, [9, 7]), ids(3))
    assert list(best) == ["base", "one"] and (best["one"] == answers["one", "best"]).all()


def test_answers_to_other_questions_are_refused(evaluations):
    base, _ = evaluations
    assert read_correct(base, ids(3)).tolist() == [True, False, False]
    with pytest.raises(UserError, match=r"0\.parquet: .*3 instead of 4, 1 differ"):
        read_correct(base, ids(4))


def test_knowledge_of_other_questions_is_refused(tmp_path):
    files = write_knowledge(tmp_path, {"base": [HIGHLY, MAYBE], "later": [HIGHLY, MAYBE, UNKNOWN]})
    base = read_knowledge(files["base"])
    assert read_knowledge(files["base"], base["id"]).equals(base)
    with pytest.raises(UserError, match=r"1\.parquet: .*3 instead of 2, 1 differ"):
        read_knowledge(files["later"], base["id"])


@pytest.mark.parametrize(
    ("change", "fault"),
    [({"category": ["Known", "Known"]}, "unknown category Known"), ({"id": ["a", "a"]}, "a question occurs twice")],
)
def test_a_damaged_table_of_categories_is_refused(tmp_path, change, fault):
    write_table(knowledge([HIGHLY, MAYBE]).assign(**change), KNOWLEDGE, tmp_path / "known.parquet")
    with pytest.raises(UserError, match=rf"known\.parquet: {fault}\. Remove the file and rerun\."):
        read_knowledge(str(tmp_path / "known.parquet"))


def test_the_order_of_rows_in_a_file_does_not_matter(tmp_path):
    table = knowledge([HIGHLY, MAYBE, UNKNOWN, WEAKLY])
    ordered = write_and_read(table, tmp_path / "a.parquet")
    shuffled = write_and_read(table.sample(frac=1, random_state=1), tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(ordered, shuffled)


def test_indicators(tmp_path):
    known = write_and_read(knowledge([MAYBE, HIGHLY, UNKNOWN]), tmp_path / "known.parquet")
    categories = category_indicators(known)
    assert categories.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    assert group_indicators(categories).tolist() == [[1, 0, 1, 0, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 1]]


def test_every_checkpoint_has_one_file():
    assert by_checkpoint(["a", "b"], ["x", "y"]) == {"a": "x", "b": "y"}
    with pytest.raises(ValueError, match="twice"):
        by_checkpoint(["a", "a"], ["x", "y"])
    with pytest.raises(ValueError, match="shorter"):
        by_checkpoint(["a", "b"], ["x"])


def test_a_chain_trains_on_the_questions_of_all_its_stages(tmp_path):
    data = {}
    for number, (checkpoint, chosen) in enumerate({"a/seed1": "pq", "a+b/seed1": "qr", "c/seed1": "s"}.items()):
        data[checkpoint] = str(tmp_path / f"{number}.jsonl")
        (tmp_path / f"{number}.jsonl").write_text(
            "".join(json.dumps({"id": name, "answers": [f"{name}{number}", "x"]}) + "\n" for name in chosen)
        )
    assert read_trained_ids(data, ["a", "b"], 1) == {"p", "q", "r"}
    assert read_trained_ids(data, ["a"], 1) == {"p", "q"}
    assert read_trained_answers(data, ["a", "b"], 1) == {"p": "p0", "q": "q1", "r": "r1"}
    design = Design({"one": ["a"], "two": ["a", "b"]}, [1])
    assert taught_by_strategy(data, design) == {
        "one": [{"p": "p0", "q": "q0"}],
        "two": [{"p": "p0", "q": "q1", "r": "r1"}],
    }
