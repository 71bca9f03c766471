"""The rules that fetch a model, run for real against a hub on loopback."""

import json

import pytest

from hub_models import save_qwen2

CHUNK = 10 * 1024 * 1024  # bytes that the client writes at a time
SECOND = "model-00002-of-00002.safetensors"


@pytest.fixture
def fetch(hub, snakemake, copy_workflow, tmp_path):
    """Run Snakemake for these targets with the model of the hub and some questions, in one folder."""
    folder = copy_workflow(tmp_path / "workflow")
    (folder / "questions.jsonl").write_text('{"question": "Who wrote Emma?", "answers": "Jane Austen"}\n')
    settings = ["data={source: file, path: questions.jsonl}", "model={source: hub, name: org/tiny}"]

    def run(*targets, fails=False):
        own = hub.environment(tmp_path / "home")
        return snakemake("--cores", 1, *targets, "--config", *settings, cwd=folder, fails=fails, environment=own)

    return run


def test_a_failed_job_leaves_what_came_to_the_next(hub, fetch, tmp_path):
    hub.add("model", "org/tiny", save_qwen2(tmp_path / "given"))
    shard = hub.repositories["model", "org/tiny"].files("main")[SECOND].oid
    hub.fault(shard, after=CHUNK + 1000)
    down = hub.fault(shard, times=99, status=404)
    printed = fetch("results/model_source.json", fails=True)
    assert "What has come is kept" in printed and "Traceback" not in printed
    results = tmp_path / "workflow" / "results"
    assert not (results / "model").exists() and not (results / "model_source.json").exists()
    down.times = 0
    hub.requests.clear()
    fetch("results/model_source.json", "results/plan/model_source.json")
    assert hub.ranges(shard) == [f"bytes={CHUNK}-"]
    whole, outline = (json.loads((results / place / "model_source.json").read_text()) for place in (".", "plan"))
    assert whole["commit"] == outline["commit"] and whole["weight_bytes"] == outline["weight_bytes"] > 25_000_000
    assert {path.name for path in (results / "plan" / "outline").glob("[!.]*")} == set(outline["files"])
    assert {path.name for path in (results / "model").glob("[!.]*")} == set(whole["files"])
    assert set(whole["files"]) - set(outline["files"]) == {"model-00001-of-00002.safetensors", SECOND}
    assert not list(results.rglob(".*_download"))
