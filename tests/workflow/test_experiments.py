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
STRATEGIES, SEEDS = 7, 3


def test_none_is_left_out(root):
    assert {path.name for path in root.glob("experiments/*")} == {f"{name}.yaml" for name in EXPERIMENTS}


def test_readme_names_them_all(root):
    linked = set(re.findall(r"\]\(experiments/([^)]+)\.yaml\)", (root / "README.md").read_text(encoding="utf-8")))
    assert linked == set(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_is_planned_from_questions_to_figures(dry_run, job_counts, root, tmp_path, name):
    (tmp_path / "questions.jsonl").write_text("read by no dry run")
    settings = ["--configfile", root / f"experiments/{name}.yaml"]
    printed = dry_run("all", *settings)
    jobs = job_counts(printed)
    fetched = EXPERIMENTS[name] is not None
    assert jobs["download_dataset"] == jobs["prepare_questions"] == 1
    assert jobs.get("fetch_base_model", 0) == fetched and jobs.get("pretrain_base_model", 0) == (not fetched)
    assert jobs["finetune"] == jobs["evaluate_checkpoint"] == STRATEGIES * SEEDS
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
