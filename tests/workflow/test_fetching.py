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
        environment = hub.environment(tmp_path / "home")
        arguments = ["--cores", 1, *targets, "--config", *settings]
        return snakemake(*arguments, cwd=folder, fails=fails, environment=environment)

    return run


def fetched(folder):
    """Return the recorded source of a model, whose files must be those in its folder."""
    source = json.loads((folder / "model_source.json").read_text())
    assert {path.name for path in (folder / "model").glob("[!.]*")} == set(source["files"])
    return source


@pytest.mark.slow
def test_the_job_after_a_failed_one_resumes_the_download(hub, fetch, tmp_path):
    hub.add("model", "org/tiny", save_qwen2(tmp_path / "saved"))
    shard = hub.repositories["model", "org/tiny"].files("main")[SECOND].oid
    hub.fault(shard, after=CHUNK + 1000)
    outage = hub.fault(shard, times=99, status=404)
    printed = fetch("results/model_source.json", fails=True)
    assert "partial download is kept" in printed and "Traceback" not in printed
    results = tmp_path / "workflow" / "results"
    assert not (results / "model").exists() and not (results / "model_source.json").exists()
    outage.times = 0
    hub.requests.clear()
    fetch("results/model_source.json", "results/plan/model_source.json")
    assert hub.ranges(shard) == [f"bytes={CHUNK}-"]
    model, config = (fetched(folder) for folder in (results, results / "plan"))
    assert model["commit"] == config["commit"] and model["weight_bytes"] == config["weight_bytes"] > 25_000_000
    assert set(model["files"]) - set(config["files"]) == {"model-00001-of-00002.safetensors", SECOND}
    assert not list(results.rglob(".*.work"))
