"""Exports of a finished run, used elsewhere: plain transformers and PEFT answer as the run did, and so does lm-eval.

lm-eval needs a separate environment (envs/requirements-lm-eval.txt). LM_EVAL_PYTHON names its interpreter for the test
that runs it: `LM_EVAL_PYTHON=.venv-lm-eval/bin/python pytest tests/e2e/test_export.py`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from gradual_learning.tables.files import read_table, read_tsv
from gradual_learning.tables.schemas import ANSWERS, EVALUATION, KNOWLEDGE, LABELS, QUESTIONS

pytestmark = pytest.mark.slow

LM_EVAL = os.environ.get("LM_EVAL_PYTHON")
STRATEGY, CHECKPOINT = "two_stage_replay", "maybe_known+gradual_replay/seed4"
CHECKPOINTS = ["maybe_known/seed4", "maybe_known+continued/seed4", CHECKPOINT]
REST = "\nimport json, sys\nprint(json.dumps([answer(text) for text in json.load(open(sys.argv[1]))]))\n"


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A copy of the finished run."""
    folder = tmp_path_factory.mktemp("exporting") / "run"
    return shutil.copytree(finished.parent, folder)


@pytest.fixture(scope="module")
def exports(run, tiny, snakemake, job_counts, tmp_path_factory):
    """Exports moved away from the run: merged models, an adapter with its base model, the tasks of lm-eval."""
    away = tmp_path_factory.mktemp("exported")
    settings = ["--cores", 2, "--configfile", tiny]
    models = [f"results/models/{name}" for name in (STRATEGY, "passed_through")]
    printed = snakemake(*settings, "--", *models, "results/lm_eval", cwd=run)
    assert job_counts(printed) == {"export_model": 2, "export_lm_eval_tasks": 1}, "an export trains nothing again"
    assert "Nothing to be done" in snakemake("--dry-run", *settings, "--", *models, "results/lm_eval", cwd=run)
    for name in ("models", "lm_eval"):
        shutil.move(run / "results" / name, away / name)
    snakemake(*settings, "--config", "export={format: adapter}", "--", models[0], cwd=run)
    shutil.move(run / "results/models", away / "adapters")
    shutil.copytree(run / "results/model", away / "adapters/model")
    return away


def alone(home: Path) -> dict[str, str]:
    """Return an environment without this project and without a hub."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def questions_of_test(finished):
    questions = read_table(finished / "data/questions.parquet", QUESTIONS)
    return questions[questions["split"] == "test"]


def answers(folder, finished, tmp_path):
    """Run the example of a card from the folder above it; return what it prints, and its answers to all questions."""
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "questions.json").write_text(json.dumps(questions_of_test(finished)["question"].tolist()))
    command = [sys.executable, "-c", code + REST, str(tmp_path / "questions.json")]
    done = subprocess.run(command, cwd=folder.parent, env=alone(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown, every = done.stdout.splitlines()
    return shown, json.loads(every)


@pytest.mark.parametrize(
    ("folder", "checkpoint"),
    [
        (f"models/{STRATEGY}", CHECKPOINT),
        (f"adapters/{STRATEGY}", CHECKPOINT),
        ("models/passed_through", "base"),
    ],
)
def test_a_moved_model_answers_as_in_the_run(exports, finished, tmp_path, folder, checkpoint):
    shown, found = answers(exports / folder, finished, tmp_path)
    stored = read_table(finished / "evaluation" / checkpoint / "test.parquet", EVALUATION)
    by_id = stored.set_index("id")["answer"]
    assert found == by_id[questions_of_test(finished)["id"]].tolist()
    assert shown == found[0]


def test_the_answers_of_the_exported_strategy_are_not_those_of_the_base_model(finished):
    tables = [read_table(finished / "evaluation" / name / "test.parquet", EVALUATION) for name in ("base", CHECKPOINT)]
    assert tables[0]["answer"].tolist() != tables[1]["answer"].tolist()


@pytest.mark.parametrize("folder", ["models", "adapters"])
def test_the_card_has_the_numbers_of_the_tables(exports, finished, folder):
    text = (exports / folder / STRATEGY / "README.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE))
    accuracy = read_tsv(finished / "tables/accuracy.tsv").query("strategy == @STRATEGY and epoch == 'best'")
    row = accuracy.set_index("category").loc["Full"]
    share = f"{100 * row['accuracy']:.1f} %"
    expected = f"{share} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    assert shown["test accuracy of the strategy"] == expected
    correct = read_table(finished / "evaluation" / CHECKPOINT / "test.parquet", EVALUATION)["correct"]
    assert shown["test accuracy of this model"] == f"{share} ({correct.sum()} of {len(correct)})", "there is one seed"
    comparison = read_tsv(finished / "tables/comparisons.tsv").query("strategy == @STRATEGY and category == 'Full'")
    assert shown["difference from `one_stage`, in points"].startswith(
        f"{100 * comparison['difference'].iloc[0]:+.1f} ["
    )
    assert str(finished) not in text


def test_no_exported_file_names_a_folder_of_the_run(exports, run):
    files = [path for path in exports.rglob("*") if path.suffix in {".json", ".md", ".yaml", ".py"}]
    assert len(files) > 15
    assert [path for path in files if str(run) in path.read_text(encoding="utf-8")] == []
    configs = [path for path in files if path.name.endswith("config.json")]
    assert [path for path in configs if "results/model" in path.read_text(encoding="utf-8")] == []


def test_the_labels_of_all_questions_are_those_of_the_categories(finished):
    table = pd.read_parquet(finished / "knowledge.parquet").set_index("id")
    questions = read_table(finished / "data/questions.parquet", QUESTIONS)
    assert table.index.tolist() == questions["id"].tolist()
    assert len(table.columns) == 5 + len(LABELS) * (1 + len(CHECKPOINTS))
    for checkpoint, splits in {
        "base": ["train", "test"],
        **{name: ["train", "heldout"] for name in CHECKPOINTS},
    }.items():
        files = [finished / "categories" / checkpoint / f"{split}.parquet" for split in splits]
        known = pd.concat([read_table(path, KNOWLEDGE) for path in files]).set_index("id")
        for name in LABELS:
            column = table[f"{checkpoint}.{name}"]
            assert column[known.index].equals(known[name].rename(column.name)), column.name
            assert column.drop(known.index).isna().all()


def lm_eval(exports, name, home):
    """Score the merged model on a task; return accuracy, and the answers by question and prompt."""
    command = [LM_EVAL, "-m", "lm_eval", "run", "--model", "hf", "--model_args", f"pretrained=models/{STRATEGY}"]
    command += ["--tasks", name, "--include_path", "lm_eval", "--device", "cpu", "--batch_size", "16"]
    command += ["--output_path", str(home / "out"), "--log_samples"]
    done = subprocess.run(command, cwd=exports, env=alone(home), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (results,) = (home / "out").rglob("results_*.json")
    (samples,) = (home / "out").rglob("samples_*.jsonl")
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    texts = {(row["doc"]["id"], row["doc"]["number"]): row["filtered_resps"][0].strip() for row in rows}
    return json.loads(results.read_text())["results"][name]["accuracy,none"], texts


@pytest.mark.skipif(LM_EVAL is None, reason="LM_EVAL_PYTHON is not set")
def test_lm_eval_gives_the_same_few_shot_answers_and_accuracy(exports, finished, tmp_path):
    accuracy, texts = lm_eval(exports, "gradual_learning_heldout_few_shot", tmp_path)
    known = read_table(finished / "categories" / CHECKPOINT / "heldout.parquet", KNOWLEDGE)
    assert accuracy == pytest.approx(known["greedy_correct"].sum() / known["greedy_drawn"].sum(), abs=1e-9)
    assert accuracy > 0
    (shard,) = (finished / "answers" / CHECKPOINT / "after_stage").glob("*.parquet")
    stored = read_table(shard, ANSWERS).set_index(["id", "prompt"])["greedy"]
    expected = {key: stored[key].split("\n")[0].strip() for key in texts}
    assert texts == expected and len(texts) == known["greedy_drawn"].sum()


@pytest.mark.skipif(LM_EVAL is None, reason="LM_EVAL_PYTHON is not set")
def test_lm_eval_gives_the_same_zero_shot_answers_and_accuracy(exports, finished, tmp_path):
    accuracy, texts = lm_eval(exports, "gradual_learning_test_zero_shot", tmp_path)
    evaluated = read_table(finished / "evaluation" / CHECKPOINT / "test.parquet", EVALUATION)
    assert accuracy == pytest.approx(evaluated["correct"].mean(), abs=1e-9)
    assert texts == {(row.id, 0): row.answer for row in evaluated.itertuples()}
