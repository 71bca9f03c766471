"""One finished run of the tiny experiment, shared by the tests that look at it."""

from pathlib import Path

import pytest
from filelock import FileLock

TINY = Path(__file__).with_name("tiny.yaml")


@pytest.fixture(scope="session")
def tiny() -> Path:
    return TINY


@pytest.fixture(scope="session")
def finished(snakemake, copy_workflow, tmp_path_factory, worker_id) -> Path:
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished run"  # one for all workers of pytest-xdist
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            snakemake("--cores", 2, "--configfile", TINY, cwd=copy_workflow(folder))
    assert (folder / "results/summary.md").exists(), "the run has failed"
    return folder / "results"
