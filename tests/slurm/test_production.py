"""The 7B experiment on a cluster of production size: SLURM records what the rules request."""

import json
import re
import signal
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import hub_models
from slurm_cluster import Cluster, Run

pytestmark = pytest.mark.slow

EXPERIMENT = "experiments/entity_questions_qwen2_7b.yaml"
RESULTS = "results/entity_questions_qwen2_7b"
WEIGHTS = 15_231_271_888  # bytes of the weights of Qwen2-7B
EDITS = {"# slurm_partition: gpu": "slurm_partition: gpu", "# gpu_model: h100": "gpu_model: h200"}  # of the profile
INFERENCE, TRAINING = "answer_few_shot", "finetune"
CHECKPOINT = "maybe_known/seed42"


@dataclass(frozen=True)
class Experiment:
    """The experiment in a folder, on a cluster."""

    cluster: Cluster
    folder: Path
    settings: list[str]

    def start(self, target: str, *arguments: str) -> Run:
        return Run(self.cluster, self.folder, f"{RESULTS}/{target}", *self.settings, *arguments)

    def requests(self) -> dict[str, str]:
        """Return what SLURM records of each job, by its id."""
        lines = self.cluster.run("scontrol", "show", "job", "--oneliner").splitlines()
        return {found[1]: line for line in lines if (found := re.match(r"JobId=(\d+)", line))}

    def run(self, target: str, *arguments: str) -> list[str]:
        """Run the experiment up to a target; return the records of the jobs that it submits."""
        before = self.requests().keys()
        self.start(target, *arguments).finish()
        return [line for number, line in self.requests().items() if number not in before]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A small archive in the layout of EntityQuestions."""
    path = tmp_path_factory.mktemp("archive") / "dataset.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("relation_query_templates.json", json.dumps({"P17": "Which country is [X] located in?"}))
        for split, size in {"train": 20, "dev": 20, "test": 8}.items():
            rows = [
                {"question": f"Which country is {split} {n} located in?", "answers": [f"Land {n % 3}"]}
                for n in range(size)
            ]
            bundle.writestr(f"dataset/{split}/P17.{split}.json", json.dumps(rows))
    return path


@pytest.fixture(scope="module")
def experiment(start_cluster, snakemake, copy_workflow, archive, tmp_path_factory):
    """The experiment with a small model in a folder of the real size, and a profile that is edited for the cluster."""
    folder = copy_workflow(tmp_path_factory.mktemp("production") / "run")
    profile = folder / "profiles/slurm/config.yaml"
    for commented, edited in EDITS.items():
        assert commented in profile.read_text()
        profile.write_text(profile.read_text().replace(commented, edited))
    model = hub_models.save_qwen2(tmp_path_factory.mktemp("model"))
    changes = {
        "data": {"path": str(archive), "relations": ["P17"]},
        "model": {"source": "local", "name": None, "path": str(model)},
        "knowledge": {"exemplar_sets": 2, "num_fewshot": 2, "samples_per_prompt": 2, "max_new_tokens": 2},
        "training": {"num_train_epochs": 1},
        "stages": {"maybe_known": {"train_on": {"current": ["Unknown"]}}},
    }
    (folder / "small.yaml").write_text(json.dumps(changes))
    settings = ["--configfile", EXPERIMENT, "small.yaml", "--set-scatter", "shards=2"]
    snakemake("--cores", 1, f"{RESULTS}/model", *settings, cwd=folder)
    weights = folder / RESULTS / "model"
    with open(weights / "padding.safetensors", "wb") as padding:  # takes no space and is never read
        padding.truncate(WEIGHTS - sum(path.stat().st_size for path in weights.glob("model*.safetensors")))
    cluster = start_cluster(26917, CPUS=32, MEM_MB=512000, GPUS=8, GPU_NODES=2, GPU_TYPE="h200")
    return Experiment(cluster, folder, settings)


@pytest.fixture(scope="module")
def requests(experiment):
    """The jobs of a run with two shards."""
    return experiment.run(f"evaluation/{CHECKPOINT}/test.parquet")


@pytest.fixture(scope="module")
def distributed(requests, experiment):
    """The jobs of a stage that is trained in four processes on two nodes, and of a shard of the answers after it."""
    parallel = "training={parallel: {processes: 4, nodes: 2}}"
    return experiment.run(f"answers/{CHECKPOINT}/zero_shot/1-of-2.parquet", "--config", parallel)


@pytest.fixture(scope="module")
def group_profile(requests, experiment):
    """A profile with the commented lines on groups; two shards fill a group."""
    lines = (experiment.folder / "profiles/slurm/config.yaml").read_text().splitlines()
    start, end = next(n for n, line in enumerate(lines) if line.startswith("# groups:")), lines.index("")
    lines[start:end] = [line.removeprefix("# ").replace("queries: 8", "queries: 2") for line in lines[start:end]]
    profile = experiment.folder / "profiles/grouped/config.yaml"
    profile.parent.mkdir()
    profile.write_text("\n".join(lines))
    return ["--workflow-profile", "profiles/grouped"]


def recorded(requests, rule, key):
    """Return the values of a key in the records of all jobs of a rule."""
    found = [re.search(rf"\b{key}=(\S+)", line) for line in requests if f"Comment=rule_{rule}_wildcards_" in line]
    assert found and all(found), requests
    return {match[1] for match in found}


@pytest.mark.parametrize("rule", [INFERENCE, TRAINING])
def test_each_job_has_one_gpu_of_the_model_in_the_profile(requests, rule):
    assert recorded(requests, rule, "TresPerJob") == {"gres:gpu:h200:1"}
    assert recorded(requests, rule, "Partition") == {"gpu"}
    assert recorded(requests, rule, "NumCPUs") == {"1"}


@pytest.mark.parametrize("rule", [INFERENCE, TRAINING])
def test_memory_holds_the_weights_twice(requests, rule):
    (requested,) = recorded(requests, rule, "MinMemoryNode")
    assert abs(int(requested.removesuffix("M")) - 2000 - round(2 * WEIGHTS / 1e6)) <= 1


def test_time_follows_from_the_size_of_the_weights(requests):
    assert recorded(requests, INFERENCE, "TimeLimit") == {"08:37:00"}, "60 minutes and half an hour per GB"
    assert recorded(requests, TRAINING, "TimeLimit") == {"08:37:00"}


def test_only_jobs_that_run_a_model_are_submitted_each_on_its_own(requests):
    rules = [re.search(r"Comment=rule_(\w+?)_wildcards_", line)[1] for line in requests]
    assert sorted(rules) == [*["answer_few_shot"] * 2, "finetune", *["query_checkpoint"] * 2]


def test_grouped_shards_share_a_job_with_one_gpu_and_time_for_both(group_profile, experiment):
    (job,) = experiment.run("categories/base/train.parquet", *group_profile, "--forcerun", INFERENCE)
    assert "TimeLimit=17:14:00" in job and "TresPerJob=gres:gpu:h200:1" in job
    assert "NumCPUs=1 " in job and f"MinMemoryNode={2000 + round(2 * WEIGHTS / 1e6)}M" in job


def test_each_of_two_nodes_has_a_gpu_for_every_process(distributed, experiment):
    assert recorded(distributed, TRAINING, "TresPerNode") == {"gres:gpu:2"}
    assert recorded(distributed, TRAINING, "NodeList") == {"node[1-2]"}
    (requested,) = recorded(distributed, TRAINING, "MinMemoryNode")
    assert abs(int(requested.removesuffix("M")) - 2 * (2000 + round(2 * WEIGHTS / 1e6))) <= 2
    (log,) = experiment.folder.glob(f"logs/**/finetune/{CHECKPOINT}.log")
    assert "GPUs 0,1" in log.read_text()


def test_inference_after_it_has_one_gpu(distributed):
    assert recorded(distributed, "query_checkpoint", "TresPerJob") == {"gres:gpu:h200:1"}
    assert len(distributed) == 1 + 1, "the stage and one of two shards of the queries"


def test_groups_leave_a_gpu_for_every_process_of_a_stage(distributed, group_profile, experiment):
    before = experiment.requests().keys()
    parallel = "training={parallel: {processes: 4}}"
    run = experiment.start(f"checkpoints/{CHECKPOINT}/summary.json", *group_profile, "--config", parallel)
    run.wait_until(lambda: experiment.requests().keys() > before, "the job is submitted")
    run.send(signal.SIGINT)
    requests = [line for number, line in experiment.requests().items() if number not in before]
    assert recorded(requests, TRAINING, "TresPerJob") == {"gres:gpu:h200:4"}
