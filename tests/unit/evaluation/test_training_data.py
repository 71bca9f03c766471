"""Counts of training questions by role and category."""

import json

from gradual_learning.evaluation.training_data import training_data
from knowledge_tables import HIGHLY, MAYBE, WEAKLY


def test_training_questions_are_counted_with_their_formula(tmp_path):
    rows = [
        ("replay", HIGHLY, HIGHLY),
        ("selected", MAYBE, WEAKLY),
        ("selected", MAYBE, MAYBE),
        ("selected", MAYBE, WEAKLY),
    ]
    lines = [
        json.dumps({"id": str(i), "role": role, "category_current": current, "category_at_base": base, "question": "q"})
        for i, (role, current, base) in enumerate(rows)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "formula.md").write_text("# a\n\n`train on D`\n\n| x |\n")
    data = {"a/seed1": str(tmp_path / "data.jsonl"), "c/seed1": str(tmp_path / "empty.jsonl")}
    table = training_data(data, dict.fromkeys(data, str(tmp_path / "formula.md")))
    assert table["checkpoint"].tolist() == ["a", "a", "a", "c"]
    assert table["role"].tolist() == ["selected", "selected", "replay", ""]
    assert table["category_at_base"].tolist() == [MAYBE, WEAKLY, HIGHLY, ""]
    assert table["questions"].tolist() == [1, 2, 1, 0]
    assert (table["formula"] == "train on D").all()


def test_an_experiment_without_stages_has_an_empty_table():
    assert training_data({}, {}).empty
