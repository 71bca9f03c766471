"""The benchmark in its smallest form: every part of it runs, and everyone answers alike."""

import os
import re
import subprocess
import sys

import pytest

from gradual_learning import records

SMALL = {"questions": 4, "repeats": 1, "threads": 1, "width": 64, "layers": 1, "vocabulary": 600, "steps": 30}


@pytest.fixture(scope="module")
def printed(root, tiny_world, tiny_model, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    (results / "model").symlink_to(tiny_model)
    for name, table in {"questions": tiny_world.questions, "prompts": tiny_world.prompts}.items():
        records.write_table(table, getattr(records, name.upper()), results / f"data/{name}.parquet")
    records.write_table(tiny_world.documents, records.DOCUMENTS, results / "world/documents.parquet")
    options = [f"--{name}={value}" for name, value in SMALL.items()]
    command = [sys.executable, root / "tests/benchmarks/labelling.py", results, "--cache", results / "cache", *options]
    environment = os.environ | {"PYTHONPATH": str(root / "workflow_scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((results / "cache").glob("larger-*/model.safetensors"))) == 1
    return done.stdout


def test_everyone_gives_the_same_greedy_answers(printed):
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line.startswith("|")]
    head, line = rows[:2]
    measured = [dict(zip(head, row, strict=True)) for row in rows if row not in (head, line)]
    measured = [row for row in measured if "not installed" not in row["labelled by"]]
    runners = ["full", "lazy", "pruned", "likelihood", "generate", "generate_batch"]
    assert [row["labelled by"].partition(",")[0] for row in measured] == runners * 2
    assert {row["same greedy answers (%)"] for row in measured} == {"100.0"}
    assert {row["full is so many times as fast"] for row in measured if row["labelled by"] == "full"} == {"1.00"}


def test_no_mode_changes_a_label(printed):
    assert re.findall(r"(lazy|pruned) gives (\d+) of", printed) == [("lazy", "0"), ("pruned", "0")] * 2


def test_time_and_memory_are_told(printed):
    assert re.search(r"1, 4, 16 times 1 questions take [\d., ]+ s", printed)
    assert re.search(r"1, 10 times 1 questions take [\d, ]+ MB", printed)
