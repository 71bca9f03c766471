"""The 7B experiment on a cluster of production size: SLURM is asked for what the rules state."""

import json
import re
import zipfile

import pytest

import hub_models
from slurm_cluster import Run

pytestmark = pytest.mark.slow

EXPERIMENT = "experiments/entity_questions_qwen2_7b.yaml"
WEIGHTS = 15_231_271_888  # bytes of the weights of Qwen2-7B
# what a user edits
CLUSTER = {
    "# slurm_partition: gpu": "slurm_partition: gpu",
    "# gpu_model: h100": "gpu_model: h200",
}
ASKING, TRAINING = "sample_answers", "finetune"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A small archive in the official layout."""
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
    """A cluster, and what makes the experiment run on it with a small model of the real weight."""
    folder = copy_workflow(tmp_path_factory.mktemp("production") / "run")
    profile = folder / "profiles/slurm/config.yaml"
    for commented, edited in CLUSTER.items():
        assert commented in profile.read_text()
        profile.write_text(profile.read_text().replace(commented, edited))
    model = hub_models.save_qwen2(tmp_path_factory.mktemp("model"))
    changes = {
        "data": {"path": str(archive), "relations": ["P17"]},
        "model": {"source": "local", "name": None, "path": str(model)},
        "knowledge": {"exemplar_sets": 2, "shots": 2, "samples": 2, "max_new_tokens": 2},
        "training": {"max_epochs": 1},
        "stages": {"maybe_known": {"train_on": {"now": ["Unknown"]}}},
    }
    (folder / "small.yaml").write_text(json.dumps(changes))
    settings = ["--configfile", EXPERIMENT, "small.yaml", "--set-scatter", "shards=2"]
    results = folder / "results/entity_questions_qwen2_7b"
    snakemake("--cores", 1, results.relative_to(folder) / "model", *settings, cwd=folder)
    with open(results / "model/padding.safetensors", "wb") as padding:  # takes no room, and no one reads it
        padding.truncate(WEIGHTS - sum(path.stat().st_size for path in (results / "model").glob("model*.safetensors")))
    cluster = start_cluster(26917, CPUS=32, MEM_MB=512000, GPUS=8, GPU_NODES=2, GPU_TYPE="h200")
    target = results.relative_to(folder) / "evaluation/maybe_known/seed42/test.parquet"

    def run(*arguments):
        before = {job["id"] for job in cluster.jobs()}
        Run(cluster, folder, target, *settings, *arguments).finish()
        shown = cluster.ask("scontrol", "show", "job", "--oneliner").splitlines()
        return [line for line in shown if re.search(r"JobId=(\d+)", line)[1] not in before]

    return run, folder


@pytest.fixture(scope="module")
def requests(experiment):
    """What SLURM noted of the jobs of a run whose two shards share a job."""
    return experiment[0]("--group-components", "base=2", "base_asked=2")


@pytest.fixture(scope="module")
def spread(requests, experiment):
    """What it noted of the jobs that train a stage in four processes on two nodes, and ask it."""
    return experiment[0]("--config", "training={parallel: {processes: 4, nodes: 2}}")


def noted(requests, rule, pattern):
    """Read something of every job in which a rule is."""
    found = [re.search(pattern, line) for line in requests if rule in re.search(r"Comment=(\S+)", line)[1]]
    assert found and all(found), requests
    return [match[1] for match in found]


@pytest.mark.parametrize("rule", [ASKING, TRAINING])
def test_each_job_has_one_gpu_of_the_model_that_the_profile_names(requests, rule):
    assert noted(requests, rule, r"TresPerJob=(\S+)") == ["gres:gpu:h200:1"]
    assert noted(requests, rule, r"Partition=(\S+)") == ["gpu"]
    assert noted(requests, rule, r"NumCPUs=(\S+)") == ["1"]


@pytest.mark.parametrize("rule", [ASKING, TRAINING])
def test_memory_holds_the_weights_twice(requests, rule):
    (asked,) = noted(requests, rule, r"MinMemoryNode=(\d+)M")
    assert abs(int(asked) - 2000 - round(2 * WEIGHTS / 1e6)) <= 1


def test_shards_that_share_a_job_have_time_for_both(requests):
    assert noted(requests, ASKING, r"TimeLimit=(\S+)") == ["17:14:00"], "twice 60 minutes and half an hour a GB"


def test_training_has_time_to_be_evaluated_too(requests):
    assert noted(requests, TRAINING, r"TimeLimit=(\S+)") == ["16:44:00"], "8:37 as a shard has, and half an hour less"


def test_only_what_runs_a_model_is_submitted(requests):
    assert len(requests) == 2


def test_each_of_two_nodes_has_a_gpu_for_every_process(spread, experiment):
    assert noted(spread, TRAINING, r"TresPerNode=(\S+)") == ["gres:gpu:2"]
    assert noted(spread, TRAINING, r"NodeList=(node\S+)") == ["node[1-2]"]
    (asked,) = noted(spread, TRAINING, r"MinMemoryNode=(\d+)M")
    assert abs(int(asked) - 2 * (2000 + round(2 * WEIGHTS / 1e6))) <= 2
    (log,) = experiment[1].glob("logs/**/finetune/maybe_known/seed42.log")
    assert "GPUs 0,1" in log.read_text()


def test_one_of_them_is_enough_to_ask_what_was_learned(spread):
    assert noted(spread, "answer_zero_shot", r"TresPerJob=(\S+)") == ["gres:gpu:h200:1"]
    assert len(spread) == 2
