"""Two runs at once: nothing is corrupted, and the second run in a folder ends with the reason."""

import json
import subprocess
import sys

import pytest

from hub_models import save_qwen2

pytestmark = pytest.mark.slow
TARGETS = ["results/data/questions.parquet", "results/data/dropped.tsv", "results/data/prompts.parquet"]
SETTINGS = ["--config", "world={people: 300}"]


def at_once(*runs):
    """Start commands of Snakemake together; return the exit status and the output of each."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "1", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )
        for arguments, options in runs
    ]
    printed = [process.communicate()[0] for process in started]
    return [(process.returncode, text) for process, text in zip(started, printed, strict=True)]


@pytest.fixture(scope="module")
def expected(snakemake, copy_workflow, tmp_path_factory):
    """The files of a run alone."""
    folder = copy_workflow(tmp_path_factory.mktemp("alone"))
    snakemake("--cores", 1, *TARGETS, *SETTINGS, cwd=folder)
    return [(folder / name).read_bytes() for name in TARGETS]


@pytest.mark.parametrize("options", [(), ("--nolock",)])
def test_the_second_run_in_a_folder_is_refused(snakemake, copy_workflow, expected, tmp_path, options):
    folder = copy_workflow(tmp_path / "workflow")
    run = ([*options, *TARGETS, *SETTINGS], {"cwd": folder})
    (first, _), (second, printed) = sorted(at_once(run, run))
    assert (first, second) == (0, 1), printed
    assert ("cannot be locked" if not options else "already running in this folder") in printed
    assert "Traceback" not in printed and not list(folder.glob("results/**/.*"))
    snakemake("--cores", 1, *TARGETS, *SETTINGS, cwd=folder)
    assert [(folder / name).read_bytes() for name in TARGETS] == expected


def test_runs_in_two_folders_share_the_cache_of_the_hub(hub, root, tmp_path):
    saved = save_qwen2(tmp_path / "saved")
    hub.add("model", "org/tiny", saved)
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        (folder / "questions.jsonl").write_text('{"question": "Who wrote Emma?", "answers": "Jane Austen"}\n')
    settings = ["--config", "data={source: file, path: questions.jsonl}", "model={source: hub, name: org/tiny}"]
    options = ["results/model_source.json", "--snakefile", root / "Snakefile"]
    environment = hub.environment(tmp_path / "home")
    runs = [([*options, "--directory", folder, *settings], {"cwd": tmp_path, "env": environment}) for folder in folders]
    assert [status for status, _ in at_once(*runs)] == [0, 0]
    records = [json.loads((folder / "results/model_source.json").read_text()) for folder in folders]
    assert records[0] == records[1]
    assert all((folder / "results/model" / name).is_file() for folder in folders for name in records[0]["files"])
