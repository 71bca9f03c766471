"""A stage that is preempted and then runs out of time resumes; nodes and the controller may be away meanwhile."""

import os
import shutil
import signal

import pytest

from same_results import assert_same_results
from slurm_cluster import Run, processes

pytestmark = pytest.mark.slow
STAGE = "maybe_known+gradual_replay"


@pytest.fixture(scope="module")
def survived(start_cluster, copy_finished, tiny):
    """A finished run whose last stage is trained again on a cluster; its results, its jobs and the preempted job."""
    folder, cluster = copy_finished(), start_cluster(26837, CPUS=4, MEM_MB=10000)
    shutil.rmtree(folder / "results/checkpoints" / STAGE)

    targets = ["all", *(f"results/checkpoints/{STAGE}/seed4/{name}" for name in ("best", "last", "summary.json"))]
    run = Run(cluster, folder, *targets, "--configfile", tiny)
    run.wait_until(lambda: processes("finetune", STAGE, folder), "the stage that is preempted")
    (number,) = cluster.running("finetune", STAGE)
    cluster.preempt(number)
    run.wait_until(lambda: not cluster.running("finetune", STAGE), "its preemption")
    run.wait_until(lambda: processes("finetune", STAGE, folder), "its restart by SLURM")
    preempted = cluster.run("scontrol", "show", "job", number)
    for process in processes("finetune", STAGE, folder):
        os.kill(process, signal.SIGSTOP)
    cluster.update(f"JobId={number}", "EndTime=now+1")
    cluster.update("NodeName=node1", "State=DRAIN", "Reason=test")
    cluster.restart_controller(pause=3)
    run.finish()
    return folder / "results", {job["id"]: job for job in cluster.jobs()}, number, preempted


def test_a_preempted_job_is_restarted_by_slurm(survived):
    assert "Restarts=1" in survived[3]


def test_a_job_over_its_time_is_submitted_again_with_twice_as_much(survived):
    _, jobs, number, preempted = survived
    (resubmitted,) = [job for job in jobs.values() if job["comment"] == jobs[number]["comment"] and job["id"] != number]
    assert jobs[number]["state"] == "TIMEOUT" and resubmitted["state"] == "COMPLETED"
    assert "TimeLimit=01:00:00" in preempted and resubmitted["limit"] == "2:00:00"


def test_results_are_those_of_a_run_without_slurm(survived, finished):
    assert_same_results(survived[0], finished)
