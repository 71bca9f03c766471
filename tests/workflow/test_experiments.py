"""Every experiment that is shipped can be run as it stands: parsed, valid, planned, named in README.md."""

import re

import pytest
import yaml

EXPERIMENTS = {
    "entity_questions_llama3_8b": "meta-llama/Meta-Llama-3-8B",
    "entity_questions_qwen2_7b": "Qwen/Qwen2-7B",
    "entity_questions_simulated": None,
    "own_questions": "Qwen/Qwen2.5-0.5B",
    "popqa_qwen2.5_0.5b": "Qwen/Qwen2.5-0.5B",
    "popqa_qwen2.5_1.5b": "Qwen/Qwen2.5-1.5B",
    "trivia_qa_qwen2.5_0.5b": "Qwen/Qwen2.5-0.5B",
    "trivia_qa_qwen2.5_1.5b": "Qwen/Qwen2.5-1.5B",
    "wiki_qa_qwen2_7b": "Qwen/Qwen2-7B",
}
CONTROLS = "controls"  # of the default world


def test_none_is_left_out(root):
    assert {path.stem for path in root.glob("experiments/*.yaml")} == {*EXPERIMENTS, CONTROLS}


def test_readme_names_them_all(root):
    linked = set(re.findall(r"\]\(experiments/([^)]+)\.yaml\)", (root / "README.md").read_text(encoding="utf-8")))
    assert linked == {*EXPERIMENTS, CONTROLS}


def merged(root, name):
    """Read the seeds and the strategies of an experiment over the defaults."""
    files = (root / "config.yaml", root / f"experiments/{name}.yaml")
    defaults, own = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
    return own.get("seeds", defaults["seeds"]), defaults["strategies"] | own.get("strategies", {})


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_is_planned_from_questions_to_figures(dry_run, job_counts, root, tmp_path, name):
    (tmp_path / "questions.jsonl").write_text("read by no dry run")
    settings = ["--configfile", root / f"experiments/{name}.yaml"]
    printed = dry_run("all", *settings)
    jobs = job_counts(printed)
    fetched = EXPERIMENTS[name] is not None
    assert jobs["download_dataset"] == jobs["prepare_questions"] == 1
    assert jobs.get("fetch_base_model", 0) == fetched and jobs.get("pretrain_base_model", 0) == (not fetched)
    seeds, strategies = merged(root, name)
    assert jobs["finetune"] == jobs["evaluate_checkpoint"] == len(seeds) * len(strategies)
    assert ("plot_exposure" in jobs) == (not fetched), "nobody knows how often a real model has seen a fact"
    assert f"results/{name}/figures/forgetting.png" in printed, "a place of its own"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_its_model_is_the_one_in_its_name(root, name):
    settings = yaml.safe_load((root / f"experiments/{name}.yaml").read_text(encoding="utf-8"))
    assert settings.get("model", {}).get("name") == EXPERIMENTS[name]


@pytest.mark.parametrize("name", ["entity_questions_qwen2_7b", "entity_questions_llama3_8b"])
def test_the_papers_settings_are_set(root, name):
    settings = yaml.safe_load((root / f"experiments/{name}.yaml").read_text(encoding="utf-8"))
    assert settings["training"]["learning_rate"] == 1.5e-4 and settings["training"]["weight_decay"] == 0.01
    assert settings["data"]["multiple_answers"] == "first"
    assert settings["stages"]["gradual_replay"]["replay"] == {"HighlyKnown": 0.2}
    assert all(stage["learning_rate_ratio"] < 1 for stage in settings["stages"].values())


@pytest.fixture(scope="module")
def controls(root):
    return yaml.safe_load((root / f"experiments/{CONTROLS}.yaml").read_text(encoding="utf-8"))


def test_controls_are_planned_with_their_shared_beginnings_once(dry_run, job_counts, root, controls):
    jobs = job_counts(dry_run("all", "--configfile", root / f"experiments/{CONTROLS}.yaml"))
    seeds, chains = merged(root, CONTROLS)[0], controls["strategies"].values()
    parts = {tuple(chain[:length]) for chain in chains for length in range(1, len(chain) + 1)}
    assert jobs["finetune"] == jobs["answer_zero_shot"] == len(parts) * len(seeds)
    assert "download_dataset" not in jobs and jobs["pretrain_base_model"] == jobs["tabulate_arms"] == 1


def test_every_control_is_compared_or_an_arm(controls):
    compared = {name for pair in controls["comparisons"] for name in pair}
    arms = set(controls["evaluation"]["arms"].values())
    assert compared | arms == {"base", *(name for name, chain in controls["strategies"].items() if chain)}


def test_arms_differ_in_their_categories_alone(controls):
    stages = {name: controls["stages"][arm] for name, arm in controls["evaluation"]["arms"].items()}
    chosen = {name: stage.pop("train_on") for name, stage in stages.items()}
    assert all(stage == stages["Natural"] for stage in stages.values())
    assert all(stage["patience"] >= stage["max_epochs"] for stage in stages.values()), "trained to the end"
    assert all(part == {"now": [name], "balanced": True} for name, part in chosen.items() if name != "Natural")
    assert len(chosen["Natural"]["now"]) == 4 and chosen["Natural"]["balanced"]
