"""The workflow on SLURM: whatever happens to its jobs and to itself, it ends with the tables of a run without SLURM."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from slurm_cluster import Run

pytestmark = pytest.mark.slow
TINY = Path(__file__).parents[1] / "e2e/tiny.yaml"
CONFIG = ["--configfile", TINY]
FINETUNED = 5  # checkpoints of the tiny experiment
LATE = "maybe_known+gradual_replay"  # one that cannot have been trained before the first stage


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(26817, CPUS=4, MEM_MB=10000, ENFORCE_MEM=1)


def orphans_command(root):
    """Return what README.md tells to type after the machine on which Snakemake ran has died."""
    text = (root / "README.md").read_text(encoding="utf-8")
    return re.search(r"<!-- command: orphans -->\n```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


def processes(script, checkpoint, folder):
    """List the processes that run a script of the workflow in a folder and have its checkpoint's log open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            logs = [os.readlink(link) for link in (process / "fd").iterdir()]
        except OSError:
            continue
        if f"{script}.py" in command and str(folder) in command and any(checkpoint in log for log in logs):
            found.append(int(process.name))
    return found


def submitted_after(number, jobs):
    """List the later jobs that hold what a job held."""
    return [job for job in jobs.values() if int(job["id"]) > int(number) and job["rules"] == jobs[number]["rules"]]


def inodes(results):
    return {path: path.stat().st_ino for path in results.glob("checkpoints/*/*/training_log.jsonl")}


@pytest.fixture(scope="module")
def survived(cluster, copy_workflow, tmp_path_factory, root):
    """A run to which everything happens; its folder, what its parts printed, and the first of every training log."""
    folder = copy_workflow(tmp_path_factory.mktemp("slurm") / "run")
    results, first, told = folder / "results", {}, {}

    def seen(pattern):
        first.update({path: number for path, number in inodes(results).items() if path not in first})
        return any(results.glob(pattern))

    # too little memory for the first attempt, and enough for the second
    run = Run(cluster, folder, *CONFIG, "--set-resources", "pretrain_base_model:mem_mb=500*attempt*attempt")
    run.until(lambda: seen(".model.scratch/checkpoint-*"), "the second attempt to pretrain")
    told["memory"] = cluster.jobs("all")
    run.until(lambda: processes("sample_answers", "base", folder), "base is asked")
    run.send(signal.SIGINT)
    told["interrupted"], told["left"] = run.printed(), cluster.jobs("RUNNING", "PENDING")

    run = Run(cluster, folder, *CONFIG)
    run.until(lambda: cluster.running("sample_answers"), "base is asked again")
    told["cancelled"] = cluster.running("sample_answers")[0]
    cluster.ask("scancel", told["cancelled"])
    first_stage = (
        "checkpoints/maybe_known/seed4/.best.scratch/checkpoint-*",
        "checkpoints/maybe_known/seed4/summary.json",
    )
    run.until(lambda: any(map(seen, first_stage)), "the first stage is trained, or just has been")
    run.send(signal.SIGKILL)
    told["orphans"] = cluster.jobs("RUNNING")
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", orphans_command(root)], cwd=folder, env=cluster.environment, check=True
    )
    told["left behind"] = cluster.jobs("RUNNING", "PENDING", "COMPLETING")

    run = Run(cluster, folder, *CONFIG)
    run.until(lambda: processes("finetune", LATE, folder), "the stage that will be preempted")
    late = cluster.running(LATE)[0]
    cluster.preempt(late)
    run.until(lambda: not cluster.running(LATE), "it is preempted")
    run.until(lambda: processes("finetune", LATE, folder), "it runs again, and will be late")
    told["preempted"] = cluster.ask("scontrol", "show", "job", late)
    for process in processes("finetune", LATE, folder):
        os.kill(process, signal.SIGSTOP)
    cluster.ask("scontrol", "update", f"JobId={late}", "TimeLimit=1")
    cluster.ask("scontrol", "update", "NodeName=node1", "State=DRAIN", "Reason=test")
    cluster.restart_controller(pause=3)
    told["late"] = late
    told["printed"] = run.finish()
    seen("*")
    told["states"] = {job["id"]: job for job in cluster.jobs()}
    return folder, told, first


def test_no_finished_stage_is_trained_twice(survived):
    folder, _, first = survived
    assert len(first) == FINETUNED and inodes(folder / "results") == first


def test_a_job_over_its_memory_gets_more(survived):
    first, second = [job for job in survived[1]["memory"] if "pretrain" in job["rules"]]
    asked = sorted([first, second], key=lambda job: int(job["id"]))
    assert [job["memory"] for job in asked] == ["500M", "2000M"] and asked[0]["state"] in ("FAILED", "OUT_OF_MEMORY")


def test_ctrl_c_cancels_its_jobs(survived):
    assert survived[1]["left"] == []


def test_a_cancelled_job_is_submitted_once_more(survived):
    _, told, _ = survived
    assert told["states"][told["cancelled"]]["state"] == "CANCELLED"
    assert submitted_after(told["cancelled"], told["states"])


def test_a_preempted_job_is_started_again_by_slurm(survived):
    assert "Restarts=1" in survived[1]["preempted"]


def test_orphans_are_found_and_ended(survived):
    assert survived[1]["orphans"] and survived[1]["left behind"] == []


def test_a_job_over_its_time_goes_on_with_more(survived):
    _, told, _ = survived
    assert told["states"][told["late"]]["state"] == "TIMEOUT"
    assert submitted_after(told["late"], told["states"])[0]["limit"] != told["states"][told["late"]]["limit"]


def test_a_checkpoint_is_one_job(survived):
    jobs = [job["rules"] for job in survived[1]["states"].values()]
    kinds = {rules for rules in jobs if not rules.startswith(("rule_base", "urgent"))}
    assert len(kinds) == FINETUNED + 1, "and the base model is pretrained"
    assert not any(light in kind for kind in kinds for light in ("select", "categorize", "evaluate", "tabulate"))


def test_tables_are_those_of_a_run_without_slurm(survived, finished):
    results = survived[0] / "results"
    made = [path for name in ("tables", "figures") for path in (finished / name).iterdir() if path.stem != "time"]
    assert len(made) > 40
    for path in [*made, finished / "summary.md"]:
        assert (results / path.relative_to(finished)).read_bytes() == path.read_bytes(), path.name


@pytest.fixture(scope="module")
def copied(survived, tmp_path_factory):
    """A copy of the run, in which one stage can be trained anew."""
    return Path(shutil.copytree(survived[0], tmp_path_factory.mktemp("slurm") / "copy", symlinks=True))


def test_a_job_that_asks_for_a_gpu_has_it(copied, cluster):
    cluster.ask("scontrol", "update", "NodeName=node1", "State=RESUME")
    target = "results/checkpoints/maybe_known/seed4/summary.json"
    asked = ["--set-resources", "finetune:gpu=1", "finetune:slurm_partition=gpu"]
    Run(cluster, copied, target, *CONFIG, "--forcerun", "finetune", *asked).finish()
    assert cluster.last()["nodes"] == "node2"
    log = (copied / "logs/finetune/maybe_known/seed4.log").read_text()
    assert "GPUs 0" in log


def test_a_stage_is_trained_on_two_nodes(copied, cluster):
    target = copied / "results/checkpoints/maybe_known/seed4/training_log.jsonl"
    alone = target.read_text().splitlines()
    spread = "training={parallel: {processes: 2, nodes: 2}}"
    Run(cluster, copied, target.relative_to(copied), *CONFIG, "--forcerun", "finetune", "--config", spread).finish()
    assert cluster.last()["nodes"] == "node[1-2]"
    assert len(target.read_text().splitlines()) == len(alone)
