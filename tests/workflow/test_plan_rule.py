"""`snakemake plan`: it counts the jobs of a dry run, prints and keeps its page, and fails if a check fails."""

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

TINY = "tests/e2e/tiny.yaml"
FEW = "one_stage: null, one_stage_continued: null, two_stage_replay: null, passed_through: null, random: null"
VARIANTS = {
    "single stages": [
        "--config",
        f"strategies={{{FEW}, only: [maybe_known]}}",
        "evaluation={relabel: false, category_ranking: {MaybeKnown: only, Unknown: only}}",
    ],
    "three stages": [
        "--set-scatter",
        "shards=2",
        "--config",
        f"strategies={{{FEW}, three: [maybe_known, gradual, continued]}}",
        "evaluation={category_ranking: {MaybeKnown: three, Unknown: three}}",
    ],
}
RULES = ("answer_few_shot", "finetune", "answer_zero_shot", "query_checkpoint", "pretrain_base_model")


@pytest.fixture(scope="module")
def folder(copy_workflow, tmp_path_factory):
    return copy_workflow(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def plan(snakemake, folder, root):
    """Plan the tiny experiment with further arguments; return the output and the table."""

    def start(*arguments, fails=False):
        settings = ["--configfile", root / TINY, *arguments, "--", "plan"]
        printed = snakemake("--cores", 2, *settings, cwd=folder, fails=fails)
        return printed, pd.read_csv(folder / "results/plan/plan.tsv", sep="\t").set_index("rule")

    return start


@pytest.fixture(scope="module", params=VARIANTS)
def planned(request, plan, folder):
    """A variant, the output of its plan, the table and the page."""
    printed, table = plan(*VARIANTS[request.param])
    return request.param, printed, table, (folder / "results/plan/plan.md").read_text(encoding="utf-8")


def test_jobs_are_those_of_a_dry_run(planned, dry_run, job_counts, root):
    variant, _, table, _ = planned
    jobs = job_counts(dry_run("--configfile", root / TINY, *VARIANTS[variant]))
    assert {rule: table["jobs"].get(rule) for rule in RULES} == {rule: jobs.get(rule) for rule in RULES}
    assert table["jobs"].sum() == sum(jobs.values()) - jobs["all"]


def test_page_is_printed_and_kept_and_a_second_plan_runs_again(planned, snakemake, job_counts, root, folder):
    variant, printed, table, page = planned
    assert page in printed and all(f"| {rule} " in page for rule in table.index)
    assert [line.split()[3] for line in page.splitlines()[2:6]] == ["yes"] * 4
    again = snakemake("--dry-run", "--configfile", root / TINY, *VARIANTS[variant], "--", "plan", cwd=folder)
    assert job_counts(again) == {"plan": 1}


def test_a_failed_check_ends_the_job_after_the_page_is_written(plan, folder):
    page = folder / "results/plan/plan.md"
    page.unlink(missing_ok=True)
    printed, _ = plan("--config", "training={batch_size: 10000000}", fails=True)
    assert "The check of the device failed: lower knowledge.batch_tokens, training.batch_size" in printed
    assert "the experiment cannot run as configured" in printed and page.read_text(encoding="utf-8") in printed


def test_a_missing_model_folder_is_named(plan):
    printed, _ = plan("--config", "model={source: local, path: no/such/model}", fails=True)
    assert "no/such/model" in printed and "model.path" in printed
