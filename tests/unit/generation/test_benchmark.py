"""The benchmarks at their smallest size: every part runs, and all engines give the same answers."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from gradual_learning.tables import schemas
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import DOCUMENTS

pytestmark = pytest.mark.slow

SMALL = {"questions": 4, "repeats": 1, "threads": 1, "steps": 30}
SMALL |= {"hidden_size": 64, "num_hidden_layers": 1, "vocab_size": 600}
TIMED = {"finetune", "categorize_knowledge", "tabulate_categories.tsv", "tabulate_cost.tsv"}  # benchmarks of some rules


@pytest.fixture(scope="module")
def printed(root, tiny_world, tiny_model, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    (results / "model").symlink_to(tiny_model)
    for name, table in {"questions": tiny_world.questions, "prompts": tiny_world.prompts}.items():
        write_table(table, getattr(schemas, name.upper()), results / f"data/{name}.parquet")
    write_table(tiny_world.documents, DOCUMENTS, results / "world/documents.parquet")
    options = [f"--{name}={value}" for name, value in SMALL.items()]
    command = [sys.executable, root / "tests/benchmarks/labeling.py", results, "--cache", results / "cache", *options]
    environment = os.environ | {"PYTHONPATH": str(root / "workflow_scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((results / "cache").glob("larger-*/model.safetensors"))) == 1
    return done.stdout


def test_all_engines_give_the_same_greedy_answers(printed):
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line.startswith("|")]
    head, line = rows[:2]
    measured = [dict(zip(head, row, strict=True)) for row in rows if row not in (head, line)]
    measured = [row for row in measured if "not installed" not in row["labeled by"]]
    runners = ["full", "lazy", "pruned", "likelihood", "generate", "generate_batch"]
    assert [row["labeled by"].partition(",")[0] for row in measured] == runners * 2
    assert {row["same greedy answers (%)"] for row in measured} == {"100.0"}
    assert {row["speed of full relative to this"] for row in measured if row["labeled by"] == "full"} == {"1.00"}


def test_no_mode_changes_a_label(printed):
    assert re.findall(r"(lazy|pruned) changes the labels of (\d+) of", printed) == [("lazy", "0"), ("pruned", "0")] * 2


def test_the_growth_of_time_and_memory_is_printed(printed):
    assert re.search(r"1, 4, 16 times 1 questions take [\d., ]+ s", printed)
    assert re.search(r"1, 10 times 1 questions take [\d, ]+ MB", printed)


def test_the_time_of_a_run_is_shown_by_rule(root, finished, tmp_path):
    whole, benchmarks = finished.parent / "benchmarks", tmp_path / "benchmarks"
    measured = {path.relative_to(whole).with_suffix("").parts[0] for path in whole.rglob("*.tsv")}
    assert {name for name in measured if not (root / f"workflow_scripts/{name}.py").is_file()} == set()
    shutil.copytree(whole, benchmarks, ignore=lambda folder, names: set(names) - TIMED if folder == str(whole) else [])
    command = [sys.executable, root / "tests/benchmarks/jobs.py", benchmarks, "--repeats=1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:]]
    shown = {name: list(map(float, cells[:3])) for name, *cells in rows}
    jobs, seconds, start_up = shown.pop("all")
    assert jobs == sum(row[0] for row in shown.values()) == len(list(benchmarks.rglob("*.tsv")))
    assert seconds == pytest.approx(sum(row[1] for row in shown.values()), abs=len(shown))
    assert shown["`finetune`"][0] == len(list(benchmarks.glob("finetune/**/*.tsv")))
    assert start_up > 0
