"""What runs again after a change, and what does not.

The jobs are real ones of the real rules with the real inputs; only the scripts stop early, after making empty outputs.
"""

import pytest

STOP_EARLY = """
import os
for path in snakemake.output:
    os.makedirs(path if "." not in os.path.basename(path) else os.path.dirname(path), exist_ok=True)
    if not os.path.isdir(path):
        open(path, "w").close()
raise SystemExit(0)

"""
SMALL = "one_stage: null, one_stage_continued: null, two_stage_replay: null"
SETTINGS = ["--config", f"strategies={{{SMALL}}}", "seeds=[1]"]
MODEL = {"pretrain_base_model", "sample_answers", "finetune", "answer_zero_shot", "answer_zero_shot_base"}


@pytest.fixture(scope="module")
def finished(snakemake, copy_workflow, tmp_path_factory):
    """A copy of the workflow in which everything has been made."""
    folder = copy_workflow(tmp_path_factory.mktemp("reruns"))
    for script in folder.glob("workflow_scripts/*.py"):
        script.write_text(STOP_EARLY + script.read_text(encoding="utf-8"), encoding="utf-8")
    snakemake("--cores", 4, "--quiet", "all", *SETTINGS, cwd=folder)
    return folder


@pytest.fixture
def planned(snakemake, job_counts, finished):
    """Tell which rules would run again, target rules aside."""

    def plan(*targets, settings=()):
        printed = snakemake("--dry-run", *targets, *SETTINGS, *settings, cwd=finished)
        return set(job_counts(printed)) - {"all", "figures"}

    return plan


@pytest.fixture
def edited(finished):
    """Append a line to a file of the copy while a test runs."""
    before = {}

    def edit(name):
        path = finished / "workflow_scripts" / name
        before[path] = path.read_text(encoding="utf-8")
        path.write_text(before[path] + "# edited\n", encoding="utf-8")

    yield edit
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def test_second_run_does_nothing(planned):
    assert planned() == set()


@pytest.mark.parametrize("module", ["strategy_figures", "style"])
def test_edited_figures_are_drawn_again(planned, edited, module):
    edited(f"gradual_learning/drawing/{module}.py")
    again = planned()
    assert "plot_accuracy" in again
    assert all(rule.startswith("plot_") for rule in again - {"write_pages"})


def test_edited_figure_setting_draws_all_figures_again(planned):
    again = planned(settings=["figures={dpi: 90}"])
    drawn = {rule for rule in again if rule.startswith("plot_")}
    assert len(drawn) >= 7 and again - drawn == {"write_pages", "write_methods"}


@pytest.mark.parametrize("setting", ["bootstrap: 500", "confidence: 0.9"])
def test_edited_interval_tabulates_again(planned, setting):
    again = planned(settings=[f"evaluation={{{setting}}}"])
    assert {"tabulate_accuracy", "write_summary"} <= again
    assert all(rule.startswith(("plot_", "tabulate_", "write_")) for rule in again)


def test_edited_wording_writes_pages_again(planned, edited):
    edited("gradual_learning/report/captions.py")
    assert planned() == {"write_pages", "write_methods"}


def test_edited_caption_makes_nothing_again(planned, edited):
    edited("../rules/captions/summary.rst")
    assert planned() == set()


JUDGED_AT_BASE = ["results/categories/base/train.parquet", "results/evaluation/base/test.parquet"]


@pytest.mark.parametrize("module", ["answers", "categories"])
def test_edited_answer_or_category_rule_asks_no_model_again(planned, edited, module):
    edited(f"gradual_learning/{module}.py")
    again = planned(*JUDGED_AT_BASE)
    assert "categorize_knowledge" in again
    assert not again & MODEL


def test_other_answer_rule_asks_no_model_again(planned):
    assert planned(*JUDGED_AT_BASE, settings=["data={f1_threshold: 0.7}"]) == {
        "categorize_knowledge",
        "evaluate_base_model",
    }


def test_samples_that_were_drawn_for_exact_match_are_drawn_again_for_another(planned):
    again = planned(*JUDGED_AT_BASE, settings=["data={match: contains}"])
    assert again == {"sample_answers", "categorize_knowledge", "evaluate_base_model"}


def test_edited_sampling_is_sampled_again_without_pretraining(planned, edited):
    edited("gradual_learning/sampling.py")
    again = planned()
    assert {"sample_answers", "finetune", "answer_zero_shot"} <= again
    assert not {"pretrain_base_model", "simulate_world", "draw_prompts"} & again


def test_edited_stage_leaves_the_first_stage_alone(planned):
    again = planned(
        "results/checkpoints/maybe_known/seed1/best", settings=["stages={gradual: {learning_rate: 0.0002}}"]
    )
    assert again == set()
    again = planned(settings=["stages={gradual: {learning_rate: 0.0002}}"])
    assert "finetune" in again and not {"select_training_data", "pretrain_base_model"} & again


def test_what_changes_speed_alone_makes_nothing_again(planned):
    assert planned(settings=["knowledge={batch_tokens: 4096}"]) == {"write_methods"}


def test_another_probe_leaves_the_first_stage_alone(planned):
    first = "results/checkpoints/maybe_known/seed1/best"
    assert planned(first, settings=["evaluation={probe_questions: 60}"]) == set()


@pytest.mark.parametrize("setting", ["lora: {rank: 32}", "parallel: {processes: 4}"])
def test_value_that_another_param_has_already_trains_again(planned, setting):
    again = planned("results/checkpoints/maybe_known/seed1/best", settings=[f"training={{{setting}}}"])
    assert again == {"finetune"}


def test_touched_module_changes_nothing(planned, finished):
    (finished / "workflow_scripts/gradual_learning/records.py").touch()
    assert planned() == set()


def test_what_an_unfinished_job_keeps_outlives_a_run_of_something_else(snakemake, finished):
    unfinished = finished / "results/checkpoints/unfinished/seed1/.best.scratch/checkpoint-7"
    done = finished / "results/checkpoints/maybe_known/seed1/.best.scratch"
    unfinished.mkdir(parents=True)
    done.mkdir()
    target = "results/tables/training_data.tsv"
    snakemake("--cores", 1, target, "--forcerun", "tabulate_training_data", *SETTINGS, cwd=finished)
    assert unfinished.is_dir() and not done.exists()
