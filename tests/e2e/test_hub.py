"""The example of README.md, own questions and a model of the hub, end to end; two jobs alone reach for the network."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradual_learning import records
from hub_server import Hub

pytestmark = pytest.mark.slow

NAME = "Qwen/Qwen2.5-0.5B"  # the model of the example in README.md; here a tiny one goes by that name
FETCHED = ["results/model_source.json", "results/data/raw/records.jsonl"]
HOOK = """\
import os, socket, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        if getattr(arguments[0], "family", None) != socket.AF_UNIX:
            with open(os.environ["NOTES"], "a") as file:
                file.write(" ".join(sys.argv) + "\\n")

sys.addaudithook(note)
"""


@dataclass(frozen=True)
class Run:
    """A run whose network was cut when all was fetched, and which processes had reached for it before and after."""

    folder: Path
    printed: str
    before: str
    after: str


@pytest.fixture(scope="module")
def example(root):
    """The configuration that README.md shows."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- example: own questions -->\n```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]
    assert f"name: {NAME}\n" in shown and len(shown.splitlines()) <= 10
    return shown


@pytest.fixture(scope="module")
def own(finished, example, snakemake, copy_workflow, tiny, tmp_path_factory):
    workflow = copy_workflow(tmp_path_factory.mktemp("own"))
    folder = workflow / "mine"
    folder.mkdir()
    asked = records.read_table(finished / "data" / "questions.parquet", records.QUESTIONS)
    told = records.read_table(finished / "world" / "facts.parquet", records.FACTS)[["id", "exposures"]]
    known = asked.merge(told, on="id").sort_values(["exposures", "id"])[-100:]  # so that there is something to teach
    rows = [{"question": row.question, "answers": list(row.answers)} for row in known.itertuples()]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "experiment.yaml").write_text(example)
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(HOOK)
    hub = Hub()
    hub.add("model", NAME, finished / "model")
    hub.add("model", NAME, {"config.json": b"{}"}, revision="v1")
    notes = [folder / "before", folder / "after"]
    for targets, note in zip((FETCHED, []), notes, strict=True):
        note.touch()
        own = hub.environment(folder / "home", PYTHONPATH=str(folder / "hook"), NOTES=str(note))
        settings = ["--directory", "mine", "--configfile", "mine/experiment.yaml", tiny]
        printed = snakemake("--cores", 2, *settings, "--", *targets, cwd=workflow, environment=own)
        hub.stop()
    return Run(folder, printed, *(note.read_text() for note in notes))


def test_the_hub_was_asked_by_the_job_that_fetches_and_nothing_asked_afterwards(own):
    assert "fetch_base_model" in own.before and "download_dataset" not in own.before
    assert own.after == ""
    assert "Finished jobid" in own.printed and "fetch_base_model" not in own.printed


def test_the_run_ends_with_every_table_and_figure(own):
    results = own.folder / "results"
    for subject in ("accuracy", "forgetting", "categories", "transitions", "learning_curves", "knowledge_gain"):
        assert (results / "figures" / f"{subject}.png").stat().st_size > 10_000, subject
    questions = records.read_table(results / "data" / "questions.parquet", records.QUESTIONS)
    assert questions["split"].value_counts().to_dict() == {"train": 60, "test": 25, "dev": 15}
    logs = [json.loads(line) for path in results.rglob("training_log.jsonl") for line in path.read_text().splitlines()]
    assert any(row["train_loss"] for row in logs), "nothing was trained"


def test_the_model_is_the_one_asked_for(own, finished):
    told = json.loads((own.folder / "results" / "model_source.json").read_text())
    assert (told["name"], told["revision"], len(told["commit"])) == (NAME, "main", 40)
    weights = told["files"]["model.safetensors"]
    assert weights["sha256"] == records.file_digest(finished / "model" / "model.safetensors")
    assert not list((own.folder / "results").glob(".*_download"))
