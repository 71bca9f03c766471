"""Jobs with a GPU and jobs on two nodes."""

import pytest

from slurm_cluster import Run

pytestmark = pytest.mark.slow
CHECKPOINT = "maybe_known/seed4"


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(26857, CPUS=4, MEM_MB=10000)


@pytest.fixture(scope="module")
def train(cluster, copy_finished, tiny):
    """Train a finished stage again in a copy of the finished run; return the folder of the copy."""
    folder = copy_finished()

    def run(*arguments):
        target = f"results/checkpoints/{CHECKPOINT}/training_log.jsonl"
        Run(cluster, folder, target, "--configfile", tiny, "--forcerun", "finetune", *arguments).finish()
        return folder

    return run


def test_a_job_that_requests_a_gpu_has_it(train, cluster):
    folder = train("--set-resources", "finetune:gpu=1", "finetune:slurm_partition=gpu")
    assert cluster.last_job()["nodes"] == "node2"
    assert "GPUs 0" in (folder / f"logs/finetune/{CHECKPOINT}.log").read_text()


def test_a_stage_is_trained_on_two_nodes(train, cluster, finished):
    folder = train("--config", "training={parallel: {processes: 2, nodes: 2}}")
    assert cluster.last_job()["nodes"] == "node[1-2]"
    logs = [results / f"checkpoints/{CHECKPOINT}/training_log.jsonl" for results in (folder / "results", finished)]
    distributed, single = (log.read_text().splitlines() for log in logs)
    assert len(distributed) == len(single)
