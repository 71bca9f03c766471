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

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how many inputs the fuzz tests try (docs/reliability.md)."""
    group = parser.getgroup("fuzzing")
    for kind in ("files", "configurations", "answers"):
        group.addoption(f"--fuzz-{kind}", type=int, help=f"number of {kind} in all; a few per test if not given")
    group.addoption("--fuzz-seed", type=int, help="of the search, to repeat a run; a new one if not given")


def run(*arguments: str | Path, cwd: Path, fails: bool = False, environment: Mapping[str, str] = os.environ) -> str:
    """Run Snakemake and return its output; it must fail if ``fails``, and succeed otherwise."""
    command = [sys.executable, "-m", "snakemake", *map(str, arguments)]
    plain = {**environment, "TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=cwd, env=plain, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def counts(printed: str) -> dict[str, int]:
    """Read the table of job counts in the output of a dry run; empty if there is nothing to do."""
    table = re.search(r"^Job stats:\n.*\n-.*\n((?:\S+ +\d+\n)+)", printed, re.MULTILINE)
    rows = [line.split() for line in table.group(1).splitlines()] if table else []
    return {rule: int(count) for rule, count in rows if rule != "total"}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def snakemake() -> Callable[..., str]:
    return run


@pytest.fixture(scope="session")
def job_counts() -> Callable[[str], dict[str, int]]:
    return counts


@pytest.fixture
def dry_run(tmp_path) -> Callable[..., str]:
    """Run the workflow dry in an empty folder, with the default configuration of the repository."""

    def start(*arguments: str | Path, fails: bool = False) -> str:
        options = ["--snakefile", ROOT / "Snakefile", "--directory", tmp_path, "--dry-run"]
        return run(*options, *arguments, cwd=tmp_path, fails=fails)

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
def finished(snakemake, tiny, copy_workflow, tmp_path_factory, worker_id) -> Path:
    """The results of one finished run of the tiny experiment, shared by all tests and workers; never write to it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished run"  # one for all workers of pytest-xdist
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            snakemake("--cores", 2, "--configfile", tiny, cwd=copy_workflow(folder))
    assert (folder / "results/summary.md").exists(), "the run has failed"
    return folder / "results"
