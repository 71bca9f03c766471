"""Clusters for as long as tests need them."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from slurm_cluster import Cluster


@pytest.fixture(scope="session")
def start_cluster() -> Iterator[Callable[..., Cluster]]:
    """Start clusters, which end with the tests."""
    if shutil.which("slurmctld", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("SLURM is not installed: tests/slurm/local_slurm.sh install")
    started: list[Cluster] = []

    def start(port: int, **knobs: object) -> Cluster:
        started.append(Cluster(port, **knobs))
        return started[-1]

    yield start
    for cluster in started:
        cluster.stop()
