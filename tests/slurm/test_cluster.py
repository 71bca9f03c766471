"""A run on SLURM that is interrupted again and again ends with the results of a run without SLURM."""

import re
import signal
import subprocess
from base64 import urlsafe_b64decode
from collections import Counter

import pytest

from same_results import TABLES, assert_same_rows
from slurm_cluster import Run, processes

pytestmark = pytest.mark.slow
FINETUNED = 2  # checkpoints, each labeled again
FIRST_STAGE = ("checkpoints/maybe_known/seed4/.best.work/checkpoint-*", "checkpoints/maybe_known/seed4/summary.json")


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(26817, CPUS=4, MEM_MB=10000, ENFORCE_MEM=1)


def orphans_command(root):
    """Return the command of docs/cluster.md that cancels the jobs of a Snakemake process that has died."""
    text = (root / "docs/cluster.md").read_text(encoding="utf-8")
    return re.search(r"<!-- command: orphans -->\n```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


def recorded_outputs(folder):
    """Return the outputs that Snakemake has recorded as complete, from the names of its records.

    A job removes the marker of an incomplete output itself, before the Snakemake that submitted it records the output.
    """
    records = folder / ".snakemake/metadata"
    names = (record.relative_to(records).parts for record in records.rglob("*") if record.is_file())
    encoded = ("".join(part.removeprefix("@") for part in parts) for parts in names)
    return {folder / urlsafe_b64decode(name).decode() for name in encoded}


class TrainingLogs:
    """The inode of the first file that was seen under the name of each training log: a second training replaces it."""

    def __init__(self, results):
        self.results = results
        self.first = {}

    def read(self):
        inodes = {path: path.stat().st_ino for path in self.results.glob("checkpoints/*/*/training_log.jsonl")}
        self.first = inodes | self.first
        return inodes

    def keep(self, outputs):
        """Forget the logs that Snakemake, when it died, had not yet recorded as complete."""
        self.first = {path: number for path, number in self.first.items() if path in outputs}

    def any(self, *patterns):
        """Return whether the results have a file that matches, and read the logs."""
        self.read()
        return any(path for pattern in patterns for path in self.results.glob(pattern))


@pytest.fixture(scope="module")
def survived(cluster, copy_workflow, tiny, fewer, tmp_path_factory, root):
    """A run with every interruption: its folder, what was seen at each of them, and its training logs."""
    folder = copy_workflow(tmp_path_factory.mktemp("slurm") / "run")
    logs, seen = TrainingLogs(folder / "results"), {}
    settings = [*TABLES, "--configfile", tiny, fewer]

    # too little memory for the first attempt, and enough for the second
    run = Run(cluster, folder, *settings, "--set-resources", "pretrain_base_model:mem_mb=500*attempt*attempt")
    run.wait_until(lambda: logs.any(".model.work/checkpoint-*"), "the second attempt to pretrain")
    seen["pretraining"] = cluster.jobs()
    run.wait_until(lambda: processes("answer_few_shot", "base", folder), "sampling from the base model")
    run.send(signal.SIGINT)
    seen["after Ctrl-C"] = cluster.jobs("RUNNING", "PENDING")

    run = Run(cluster, folder, *settings)
    run.wait_until(lambda: cluster.running("answer_few_shot"), "sampling from the base model again")
    seen["canceled"] = cluster.running("answer_few_shot")[0]
    cluster.run("scancel", seen["canceled"])
    run.wait_until(lambda: logs.any(*FIRST_STAGE), "the first stage is being trained, or is just complete")
    run.send(signal.SIGKILL)
    logs.keep(recorded_outputs(folder))
    seen["orphans"] = cluster.jobs("RUNNING")
    clean_up = ["bash", "-euo", "pipefail", "-c", orphans_command(root)]
    subprocess.run(clean_up, cwd=folder, env=cluster.environment, check=True)
    seen["after cleaning up"] = cluster.jobs("RUNNING", "PENDING", "COMPLETING")

    Run(cluster, folder, *settings).finish()
    logs.read()
    seen["all"] = {job["id"]: job for job in cluster.jobs()}
    return folder, seen, logs


def test_no_recorded_stage_is_trained_twice(survived):
    _, _, logs = survived
    assert len(logs.first) == FINETUNED and logs.read() == logs.first


def test_a_job_over_its_memory_gets_more(survived):
    jobs = [job for job in survived[1]["pretraining"] if job["comment"] == "rule_pretrain_base_model"]
    first, second = sorted(jobs, key=lambda job: int(job["id"]))
    assert (first["memory"], second["memory"]) == ("500M", "2000M")
    assert first["state"] in ("FAILED", "OUT_OF_MEMORY")


def test_ctrl_c_cancels_its_jobs(survived):
    assert survived[1]["after Ctrl-C"] == []


def test_a_canceled_job_is_submitted_once_more(survived):
    number, jobs = survived[1]["canceled"], survived[1]["all"]
    assert jobs[number]["state"] == "CANCELLED"
    assert any(int(job["id"]) > int(number) and job["comment"] == jobs[number]["comment"] for job in jobs.values())


def test_orphans_are_found_and_canceled(survived):
    assert survived[1]["orphans"] and survived[1]["after cleaning up"] == []


def test_only_jobs_that_run_a_model_are_submitted_each_on_its_own(survived):
    submitted = {job["comment"] for job in survived[1]["all"].values()}  # each names a rule and its wildcards
    rules = Counter(re.match(r"rule_([a-z_]+?)(?:_wildcards_.*)?$", comment)[1] for comment in submitted)
    assert rules == {
        **dict.fromkeys(("pretrain_base_model", "measure_fact_recall"), 1),
        "answer_few_shot": 1,  # with the base model
        "answer_zero_shot": 1,
        "query_checkpoint": FINETUNED,
        "finetune": FINETUNED,
    }


def test_results_are_those_of_a_run_without_slurm(survived, finished):
    assert_same_rows(survived[0] / "results", finished)
