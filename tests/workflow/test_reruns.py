"""What reruns after a change, and what does not.

The jobs are real jobs of the real rules with the real inputs; only the scripts stop early, after writing empty outputs.
"""

import json
import os
import shutil
import subprocess

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
def complete(snakemake, copy_workflow, tmp_path_factory):
    """A copy of the workflow in which everything is up to date."""
    folder = copy_workflow(tmp_path_factory.mktemp("reruns"))
    for script in folder.glob("workflow_scripts/*.py"):
        script.write_text(STOP_EARLY + script.read_text(encoding="utf-8"), encoding="utf-8")
    snakemake("--cores", 4, "--quiet", "all", *SETTINGS, cwd=folder)
    return folder


@pytest.fixture
def dry_run(snakemake, complete):
    """Return what a dry run prints."""

    def start(*targets, settings=(), folder=complete):
        return snakemake("--dry-run", *targets, *SETTINGS, *settings, cwd=folder)

    return start


@pytest.fixture
def planned(dry_run, job_counts):
    """Return the rules that would rerun, without the target rules."""

    def plan(*targets, **options):
        return set(job_counts(dry_run(*targets, **options))) - {"all", "figures"}

    return plan


@pytest.fixture
def edited(complete):
    """Append a comment to a file of the copy while a test runs."""
    before = {}

    def edit(name):
        path = complete / "workflow_scripts" / name
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


@pytest.mark.parametrize("part", ["evaluation", "evaluation/tables"])
@pytest.mark.parametrize(("table", "readers"), [("relations", {}), ("forgetting", {"plot": 1, "write_summary": 1})])
def test_edited_table_is_made_again_alone_with_what_reads_it(dry_run, job_counts, edited, part, table, readers):
    edited(f"{PACKAGE}/{part}/{table}.py")
    printed = dry_run()
    jobs = {rule: count for rule, count in job_counts(printed).items() if rule != "all"}
    assert jobs == {"tabulate": 1, "write_pages": 1, **readers}
    assert f"Tabulating {table}\n" in printed


def test_edited_style_draws_all_figures_again(dry_run, job_counts, edited, complete):
    edited(f"{PACKAGE}/figures/style.py")
    jobs = job_counts(dry_run())
    assert jobs["plot"] == len(list((complete / "results/figures").glob("*.png"))) > 10
    assert set(jobs) - {"all", "plot"} <= {"write_pages", "write_methods"}


def test_edited_figure_setting_draws_all_figures_again(planned):
    assert planned(settings=["figures={dpi: 90}"]) == {"plot", "write_pages", "write_methods"}


@pytest.mark.parametrize("setting", ["bootstrap_samples: 500", "confidence_level: 0.9"])
def test_edited_interval_tabulates_again(planned, setting):
    rules = planned(settings=[f"evaluation={{{setting}}}"])
    assert {"tabulate", "tabulate_comparisons", "write_summary"} <= rules
    assert all(rule.startswith(("plot", "tabulate", "write_")) for rule in rules)


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


def test_touched_module_reruns_nothing(planned, complete):
    (complete / "workflow_scripts" / PACKAGE / "tables/files.py").touch()
    assert planned() == set()


def test_work_folder_of_an_unfinished_job_survives_another_run(snakemake, complete):
    unfinished = complete / "results/checkpoints/unfinished/seed1/.best.work/checkpoint-7"
    unfinished.mkdir(parents=True)
    target = "results/tables/training_data.tsv"
    snakemake("--cores", 1, target, "--forcerun", target, *SETTINGS, cwd=complete)
    assert unfinished.is_dir()


def test_the_edited_module_is_named_as_the_reason(dry_run, edited):
    edited(f"{PACKAGE}/figures/flow.py")
    reasons = [line for line in dry_run().splitlines() if "figures/flow.py" in line]
    assert reasons and all("figures/style.py" not in line for line in reasons if "write_pages" in line)


def copied(*options):
    """Return a function that copies a folder with ``cp``."""
    return lambda source, target: subprocess.run(["cp", *options, source, target], check=True)


def moved(source, target):
    copied("-a")(source, target.with_name("before"))
    target.with_name("before").rename(target)


def scattered(source, target):
    """Copy with dates that run against the order of the jobs: outputs are old, and what they were made from is new."""
    copied("-a")(source, target)
    files = sorted(target.rglob("*"), key=lambda path: path.lstat().st_mtime)
    for age, path in enumerate(files):
        os.utime(path, (2e9 - age, 2e9 - age))


COPIES = {
    "moved": moved,
    "copied with dates": copied("-a"),
    "copied without dates": copied("-r"),
    "copied in any order": scattered,
    "linked": lambda source, target: target.symlink_to(source),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_finished_experiment_in_another_place_has_nothing_to_do(planned, complete, tmp_path, way):
    place = tmp_path / "deeper" / "there"
    place.parent.mkdir()
    COPIES[way](complete, place)
    assert planned(folder=place) == set()
    if way != "linked":
        module = place / "workflow_scripts" / PACKAGE / "figures/flow.py"
        module.write_text(module.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        assert planned(folder=place) == {"plot", "write_pages"}


def test_results_on_another_disk_have_nothing_to_do(planned, complete, tmp_path):
    copied("-r")(complete, tmp_path / "there")
    (tmp_path / "there/results").rename(tmp_path / "disk")
    (tmp_path / "there/results").symlink_to(tmp_path / "disk")
    assert planned(folder=tmp_path / "there") == set()


def test_another_clone_has_nothing_to_do_in_a_finished_folder(snakemake, job_counts, complete, tmp_path):
    ignored = shutil.ignore_patterns(".snakemake", "results", "logs", "benchmarks")
    clone = shutil.copytree(complete, tmp_path / "clone", ignore=ignored, copy_function=shutil.copyfile)
    options = ["--dry-run", "--snakefile", clone / "Snakefile", "--directory", complete, *SETTINGS]
    assert job_counts(snakemake(*options, cwd=tmp_path)) == {}
    script = clone / "workflow_scripts/select_training_data.py"
    script.write_text(script.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert "select_training_data" in job_counts(snakemake(*options, cwd=tmp_path))


def test_a_retrained_checkpoint_reruns_what_reads_it_in_a_later_run(snakemake, planned, complete, tmp_path):
    """Folders count by the file next to them: what changes the weights changes it."""
    place = tmp_path / "there"
    copied("-a")(complete, place)
    summary = place / "results/checkpoints/maybe_known/seed1/summary.json"
    summary.write_text("{}")
    assert {"query_checkpoint", "finetune"} <= planned(folder=place)


@pytest.fixture(scope="module")
def own(snakemake, complete, tmp_path_factory):
    """A finished run on a user's own questions and model, in the user's own folder."""
    folder = tmp_path_factory.mktemp("own") / "experiment"
    (folder / "models/mine").mkdir(parents=True)
    (folder / "models/mine/config.json").write_text("{}")
    (folder / "questions.jsonl").write_text("{}\n")
    run_own(snakemake, complete, folder, "--cores", 4)
    return folder


def run_own(snakemake, complete, folder, *arguments, data="questions.jsonl", model="models/mine"):
    settings = [f"data={{source: file, path: {data}}}", f"model={{source: local, path: {model}}}", *SETTINGS[1:]]
    options = ["--snakefile", complete / "Snakefile", "--directory", folder, *arguments]
    targets = ["results/data/questions.parquet", "results/model", "results/plan/model"]
    return snakemake(*options, *targets, "--config", *settings, cwd=complete)


def test_moved_questions_and_models_are_not_read_again(snakemake, job_counts, complete, own, tmp_path):
    copied("-r")(own, tmp_path / "there")
    (tmp_path / "there/questions.jsonl").rename(tmp_path / "q.jsonl")
    (tmp_path / "there/models/mine").rename(tmp_path / "there/models/renamed")
    places = {"data": tmp_path / "q.jsonl", "model": "models/renamed"}
    assert job_counts(run_own(snakemake, complete, tmp_path / "there", "--dry-run", **places)) == {}


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        ("questions.jsonl", {"download_dataset", "prepare_questions"}),
        ("models/mine/config.json", {"fetch_base_model", "fetch_model_config"}),
    ],
)
def test_edited_questions_and_models_are_read_again(snakemake, job_counts, complete, own, tmp_path, file, rules):
    copied("-a")(own, tmp_path / "there")
    path = tmp_path / "there" / file
    date = path.stat().st_mtime
    path.write_text(json.dumps({"other": 1}))
    os.utime(path, (date, date))
    assert set(job_counts(run_own(snakemake, complete, tmp_path / "there", "--dry-run"))) == rules
