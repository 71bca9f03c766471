"""Clusters for as long as tests need them, and copies of the finished run."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slurm_cluster import Cluster


@pytest.fixture(scope="session")
def start_cluster() -> Iterator[Callable[..., Cluster]]:
    """Start clusters, which stop after the tests."""
    if shutil.which("slurmctld", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("SLURM is not installed: tests/slurm/local_slurm.sh install")
    started: list[Cluster] = []

    def start(port: int, **settings: object) -> Cluster:
        started.append(Cluster(port, **settings))
        return started[-1]

    yield start
    for cluster in started:
        cluster.stop()


@pytest.fixture(scope="session")
def copy_finished(finished, tmp_path_factory) -> Callable[[], Path]:
    """Copy the finished run to a new folder."""
    return lambda: Path(shutil.copytree(finished.parent, tmp_path_factory.mktemp("slurm") / "copy", symlinks=True))
