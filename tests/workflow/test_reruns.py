"""What reruns after a change, and what does not.

The jobs are real jobs of the real rules with the real inputs; only the scripts stop early, after writing empty outputs.
"""

import pytest

pytestmark = pytest.mark.slow
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
LOADS_MODEL = {
    *("pretrain_base_model", "measure_fact_recall", "finetune"),
    *("answer_few_shot", "answer_zero_shot", "query_checkpoint"),
}
PACKAGE = "gradual_learning"


@pytest.fixture(scope="module")
def finished(snakemake, copy_workflow, tmp_path_factory):
    """A copy of the workflow in which everything is up to date."""
    folder = copy_workflow(tmp_path_factory.mktemp("reruns"))
    for script in folder.glob("workflow_scripts/*.py"):
        script.write_text(STOP_EARLY + script.read_text(encoding="utf-8"), encoding="utf-8")
    snakemake("--cores", 4, "--quiet", "all", *SETTINGS, cwd=folder)
    return folder


@pytest.fixture
def dry_run(snakemake, finished):
    """Return what a dry run prints."""

    def start(*targets, settings=()):
        return snakemake("--dry-run", *targets, *SETTINGS, *settings, cwd=finished)

    return start


@pytest.fixture
def planned(dry_run, job_counts):
    """Return the rules that would rerun, without the target rules."""

    def plan(*targets, settings=()):
        return set(job_counts(dry_run(*targets, settings=settings))) - {"all", "figures"}

    return plan


@pytest.fixture
def edited(finished):
    """Append a comment to a file of the copy while a test runs."""
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


def test_edits_of_code_that_changes_no_number_rerun_nothing(root, planned, edited):
    modules = sorted(path.name for path in (root / "workflow_scripts" / PACKAGE / "jobs").glob("*.py"))
    assert {"script.py", "progress.py", "resume.py", "gpus.py", "atomic_files.py", "errors.py"} <= set(modules)
    for name in modules:
        edited(f"{PACKAGE}/jobs/{name}")
    assert planned() == set()


def test_edited_vllm_adapter_reruns_nothing_where_another_engine_samples(planned, edited):
    edited(f"{PACKAGE}/generation/vllm.py")
    assert planned() == set()


def test_edited_threads_and_determinism_rerun_all_jobs_that_load_a_model(planned, edited):
    edited(f"{PACKAGE}/models/determinism.py")
    assert planned() >= LOADS_MODEL


@pytest.mark.parametrize("figure", ["forgetting", "flow"])
def test_edited_figure_is_drawn_again_alone(dry_run, job_counts, edited, figure):
    edited(f"{PACKAGE}/figures/{figure}.py")
    printed = dry_run()
    jobs = {rule: count for rule, count in job_counts(printed).items() if rule != "all"}
    assert jobs == {"plot": 1, "write_pages": 1}
    assert f"results/figures/{figure}.svg" in printed


def test_edited_style_draws_all_figures_again(dry_run, job_counts, edited, finished):
    edited(f"{PACKAGE}/figures/style.py")
    jobs = job_counts(dry_run())
    assert jobs["plot"] == len(list((finished / "results/figures").glob("*.png"))) > 10
    assert set(jobs) - {"all", "plot"} <= {"write_pages", "write_methods"}


def test_edited_figure_setting_draws_all_figures_again(planned):
    assert planned(settings=["figures={dpi: 90}"]) == {"plot", "write_pages", "write_methods"}


@pytest.mark.parametrize("setting", ["bootstrap_samples: 500", "confidence_level: 0.9"])
def test_edited_interval_tabulates_again(planned, setting):
    rules = planned(settings=[f"evaluation={{{setting}}}"])
    assert {"tabulate_accuracy", "write_summary"} <= rules
    assert all(rule.startswith(("plot", "tabulate_", "write_")) for rule in rules)


def test_edited_wording_writes_pages_again(planned, edited):
    edited(f"{PACKAGE}/report/html.py")
    assert planned() == {"write_pages", "write_methods", "write_summary"}


@pytest.mark.parametrize(("module", "rules"), [("card", set()), ("knowledge", {"export_knowledge"})])
def test_edited_export_computes_nothing_else_again(planned, edited, module, rules):
    edited(f"{PACKAGE}/export/{module}.py")
    assert planned() == rules


def test_edited_caption_of_the_report_reruns_nothing(planned, edited):
    edited("../rules/captions/summary.rst")
    assert planned() == set()


JUDGED_AT_BASE = ["results/categories/base/train.parquet", "results/evaluation/base/test.parquet"]


@pytest.mark.parametrize("module", ["matching", "slick"])
def test_edited_answer_or_category_rule_queries_no_model_again(planned, edited, module):
    edited(f"{PACKAGE}/knowledge/{module}.py")
    rules = planned("results/categories/base/relabel.parquet", *JUDGED_AT_BASE)
    assert "categorize_knowledge" in rules
    assert not rules & LOADS_MODEL


def test_other_answer_rule_queries_no_model_again(planned):
    assert planned(*JUDGED_AT_BASE, settings=["data={f1_threshold: 0.7}"]) == {
        "categorize_knowledge",
        "evaluate_base_model",
    }


def test_samples_drawn_for_exact_match_are_drawn_again_for_another_rule(planned):
    rules = planned(*JUDGED_AT_BASE, settings=["data={answer_match: contains}"])
    assert rules == {"answer_few_shot", "categorize_knowledge", "evaluate_base_model"}


def test_edited_engine_samples_again_without_pretraining(planned, edited):
    edited(f"{PACKAGE}/generation/engine.py")
    rules = planned()
    assert {"answer_few_shot", "finetune", "answer_zero_shot", "query_checkpoint"} <= rules
    assert not {"pretrain_base_model", "simulate_world", "build_prompts"} & rules


def test_edited_stage_leaves_the_first_stage_alone(planned):
    first = "results/checkpoints/maybe_known/seed1/best"
    settings = ["stages={gradual: {learning_rate: 0.0002}}"]
    assert planned(first, settings=settings) == set()
    rules = planned(settings=settings)
    assert "finetune" in rules and not {"select_training_data", "pretrain_base_model"} & rules


def test_setting_that_affects_only_speed_reruns_nothing(planned):
    assert planned(settings=["knowledge={batch_tokens: 4096}"]) == {"write_methods"}


def test_other_held_out_questions_leave_the_first_stage_alone(planned):
    first = "results/checkpoints/maybe_known/seed1/best"
    assert planned(first, settings=["evaluation={heldout_questions: 60}"]) == set()


@pytest.mark.parametrize("setting", ["lora: {r: 32}", "parallel: {processes: 4}"])
def test_value_that_another_param_already_has_trains_again(planned, setting):
    rules = planned("results/checkpoints/maybe_known/seed1/best", settings=[f"training={{{setting}}}"])
    assert rules == {"finetune"}


def test_touched_module_reruns_nothing(planned, finished):
    (finished / "workflow_scripts" / PACKAGE / "tables/files.py").touch()
    assert planned() == set()


def test_work_folder_of_an_unfinished_job_survives_another_run(snakemake, finished):
    unfinished = finished / "results/checkpoints/unfinished/seed1/.best.work/checkpoint-7"
    unfinished.mkdir(parents=True)
    target = "results/tables/training_data.tsv"
    snakemake("--cores", 1, target, "--forcerun", "tabulate_training_data", *SETTINGS, cwd=finished)
    assert unfinished.is_dir()
