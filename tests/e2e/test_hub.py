"""The example of README.md, own questions and a model from the hub, end to end; only fetching jobs use the network."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from gradual_learning.jobs import fingerprint
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import FACTS, QUESTIONS
from hub_server import TOKEN, Hub
from report_browser import ROWS, click, errors, open_categories, open_report, read_page, row, wait

pytestmark = pytest.mark.slow

NAME = "Qwen/Qwen2.5-0.5B"  # the model of the example in README.md; here a tiny one goes by that name
FETCHED = ["results/model_source.json", "results/data/raw/records.jsonl"]
HOSTILE = (
    "<script>window.injected = 1</script><img src=x onerror='window.injected = 1'>![x](http://127.0.0.1:9/x.png)|`x`"
    "\n\n.. raw:: html\n\n   <script>window.injected = 1</script>\n"
)
RECORD_CONNECTIONS = """\
import os, socket, sys

def record(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        if getattr(arguments[0], "family", None) != socket.AF_UNIX:
            with open(os.environ["CONNECTIONS"], "a") as file:
                file.write(" ".join(sys.argv) + "\\n")

sys.addaudithook(record)
"""


@dataclass(frozen=True)
class Run:
    """A run whose hub stopped after the fetching jobs, and the processes that opened a connection before and after."""

    folder: Path
    printed: str
    printed_in_all: str
    connected_before: str
    connected_after: str


@pytest.fixture(scope="module")
def example(root):
    """The example configuration of README.md."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- example: own questions -->\n```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]
    assert f"name: {NAME}\n" in shown and len(shown.splitlines()) <= 10
    return shown


@pytest.fixture(scope="module")
def run(finished, example, snakemake, copy_workflow, tiny, fewer, tmp_path_factory):
    """Run the example with the model and the best known questions of the finished run."""
    workflow = copy_workflow(tmp_path_factory.mktemp("own"))
    folder = workflow / "mine"
    (folder / "hook").mkdir(parents=True)
    (folder / "hook" / "sitecustomize.py").write_text(RECORD_CONNECTIONS)
    (folder / "experiment.yaml").write_text(example)
    write_best_known(finished, folder / "questions.jsonl")
    hub = Hub()
    hub.add("model", NAME, finished / "model").private = True
    hub.add("model", NAME, {"config.json": b"{}"}, revision="v1")
    records, printed = [folder / "before", folder / "after"], []
    for targets, record in zip((FETCHED, []), records, strict=True):
        record.touch()
        own = {"PYTHONPATH": str(folder / "hook"), "CONNECTIONS": str(record), "HF_TOKEN": TOKEN}
        environment = hub.environment(folder / "home", **own)
        settings = ["--directory", "mine", "--configfile", "mine/experiment.yaml", tiny, fewer]
        printed.append(snakemake("--cores", 2, *settings, "--", *targets, cwd=workflow, environment=environment))
        hub.stop()
    report = snakemake(*settings, "--report", "report.html", cwd=workflow, environment=environment)
    return Run(folder, printed[1], "".join([*printed, report]), *(record.read_text() for record in records))


def write_best_known(finished: Path, path: Path) -> None:
    """Write the hundred questions whose facts are stated most often, so that there is something to train on.

    Their relation, and a second answer, are written to become a part of the pages that show them.
    """
    questions = read_table(finished / "data" / "questions.parquet", QUESTIONS)
    exposures = read_table(finished / "world" / "facts.parquet", FACTS)[["id", "exposures"]]
    known = questions.merge(exposures, on="id").sort_values(["exposures", "id"])[-100:]
    pairs = ((row.question, [*row.answers, HOSTILE]) for row in known.itertuples())
    rows = [{"question": question, "answers": answers, "relation": HOSTILE} for question, answers in pairs]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_only_the_fetching_job_opens_connections(run):
    assert "fetch_base_model" in run.connected_before and "download_dataset" not in run.connected_before
    assert run.connected_after == ""
    assert "Finished jobid" in run.printed and "fetch_base_model" not in run.printed


def test_the_run_ends_with_every_table_and_figure(run):
    results = run.folder / "results"
    for subject in ("accuracy", "forgetting", "categories", "transitions", "learning_curves", "knowledge_gain"):
        assert (results / "figures" / f"{subject}.png").stat().st_size > 10_000, subject
    questions = read_table(results / "data" / "questions.parquet", QUESTIONS)
    assert questions["split"].value_counts().to_dict() == {"train": 60, "test": 25, "dev": 15}
    logs = [json.loads(line) for path in results.rglob("training_log.jsonl") for line in path.read_text().splitlines()]
    assert any(row["train_loss"] for row in logs), "nothing was trained"


def test_the_model_is_the_one_that_the_configuration_names(run, finished):
    source = json.loads((run.folder / "results" / "model_source.json").read_text())
    assert (source["name"], source["revision"], len(source["commit"])) == (NAME, "main", 40)
    weights = source["files"]["model.safetensors"]
    assert weights["sha256"] == fingerprint.file_digest(finished / "model" / "model.safetensors")
    assert not list((run.folder / "results").glob(".*.work"))


def test_the_token_of_the_user_is_in_no_file_and_in_no_message(run):
    files = [path for path in run.folder.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"report.html", "fetch_base_model.log", "fetch_base_model.tsv"} <= {path.name for path in files}
    assert TOKEN not in run.printed_in_all
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def test_texts_of_the_user_become_no_part_of_the_report(run, browser):
    open_report(browser, (run.folder / "report.html").as_uri())
    texts = []
    for category in open_categories(browser):
        for number in range(1, 1 + len(browser.find_elements(By.XPATH, ROWS))):
            click(browser, f"{row(number)}//td[last()]//a[1]")
            content = read_page(browser)
            assert (content["injected"], content["foreign"]) == (None, 0), content["title"]
            texts.append(content["text"])
            click(browser, f"//nav//ol//a[.='{category}']")
            click(browser, f"{row(number)}//td[last()]//a[2]")
            prose = wait(browser).until(lambda it: it.find_element(By.XPATH, "//nav//li[contains(@class, 'prose')]"))
            assert not prose.find_elements(By.XPATH, ".//script | .//img")
            texts.append(prose.text)
            click(browser, f"//nav//ol//a[.='{category}']")
    assert browser.execute_script("return window.injected ?? null") is None
    assert sum("<script>window.injected = 1</script>" in text for text in texts) > 2  # shown as it is
    assert errors(browser) == []
