"""Fixtures of all tests: the repository, ways to run its workflow in another folder, and one finished run."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from filelock import FileLock

import gradual_learning  # noqa: F401 - sets environment variables before torch reads them
import workflow_copy
from hub_server import Hub
from snakemake_forks import SnakemakeForks

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how many inputs the fuzz tests try (docs/reliability.md)."""
    group = parser.getgroup("fuzzing")
    for kind in ("files", "configurations", "answers"):
        group.addoption(f"--fuzz-{kind}", type=int, help=f"number of {kind} in all; a few per test if not given")
    group.addoption("--fuzz-seed", type=int, help="of the search, to repeat a run; a new one if not given")


def counts(printed: str) -> dict[str, int]:
    """Read the table of job counts in the output of a dry run; empty if there is nothing to do."""
    table = re.search(r"^Job stats:\n.*\n-.*\n((?:\S+ +\d+\n)+)", printed, re.MULTILINE)
    rows = [line.split() for line in table.group(1).splitlines()] if table else []
    return {rule: int(count) for rule, count in rows if rule != "total"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with slow tests first, and of these at the end those that wait for the finished run.

    A worker of pytest-xdist takes a whole file, in this order: short files at the end keep all workers busy, and no
    worker waits while another makes the finished run, in the file that tests this run.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    waiting = {item.path for item in items if "finished" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path not in slow, item.path in waiting and item.path.name != "test_run.py"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def snakemake() -> Iterator[Callable[..., str]]:
    """Run Snakemake and return its output; it must fail if ``fails``, and succeed otherwise."""
    plain = {"TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1"}
    forks = SnakemakeForks(os.environ | plain)

    def run(
        *arguments: str | Path, cwd: Path, fails: bool = False, environment: Mapping[str, str] | None = None
    ) -> str:
        options = list(map(str, arguments))
        if environment is None:
            status, printed = forks.run(options, cwd, os.environ | plain)
        else:  # which Python itself may read at its start
            command = [sys.executable, "-m", "snakemake", *options]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            done = subprocess.run(command, cwd=cwd, env={**environment, **plain}, text=True, **pipes)
            status, printed = done.returncode, done.stdout
        assert (status != 0) == fails, printed
        return printed

    yield run
    forks.stop()


@pytest.fixture(scope="session")
def job_counts() -> Callable[[str], dict[str, int]]:
    return counts


@pytest.fixture
def dry_run(snakemake, tmp_path) -> Callable[..., str]:
    """Run the workflow dry in an empty folder, with the default configuration of the repository."""

    def start(*arguments: str | Path, fails: bool = False) -> str:
        options = ["--snakefile", ROOT / "Snakefile", "--directory", tmp_path, "--dry-run"]
        return snakemake(*options, *arguments, cwd=tmp_path, fails=fails)

    return start


@pytest.fixture(scope="session")
def copy_workflow() -> Callable[[Path], Path]:
    """Copy the files of the workflow to a folder, without results."""
    return workflow_copy.copy_workflow


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A model hub without models on the loopback interface."""
    server = Hub()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def tiny() -> Path:
    return ROOT / "tests/e2e/tiny.yaml"


@pytest.fixture(scope="session")
def fewer() -> Path:
    """A configuration that leaves two strategies of the tiny experiment."""
    return ROOT / "tests/e2e/fewer.yaml"


@pytest.fixture(scope="session")
def finished(snakemake, tiny, copy_workflow, tmp_path_factory, worker_id) -> Path:
    """The results of one finished run of the tiny experiment, shared by all tests and workers; never write to it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished run"  # one for all workers of pytest-xdist
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            snakemake("--cores", 2, "--configfile", tiny, cwd=copy_workflow(folder))
    assert (folder / "results/summary.md").exists(), "the run has failed"
    return folder / "results"
