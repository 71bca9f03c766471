"""One finished run of the tiny experiment, shared by the tests that look at it."""

from pathlib import Path

import pytest

TINY = Path(__file__).with_name("tiny.yaml")


@pytest.fixture(scope="session")
def tiny() -> Path:
    return TINY


@pytest.fixture(scope="session")
def finished(snakemake, copy_workflow, tmp_path_factory) -> Path:
    folder = copy_workflow(tmp_path_factory.mktemp("finished"))
    snakemake("--cores", 2, "--configfile", TINY, cwd=folder)
    return folder / "results"
