"""What the SLURM profile promises, and which jobs are submitted with it."""

import re

import pytest
import yaml

SUBMITTED = {
    *("pretrain_base_model", "measure_fact_recall", "answer_few_shot", "query_checkpoint"),
    *("finetune", "answer_zero_shot", "plan", "export_model"),
}


@pytest.fixture(scope="module")
def profile(root):
    return yaml.safe_load((root / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))


def test_the_controller_is_queried_at_most_once_in_forty_seconds(profile):
    assert profile["slurm-init-seconds-before-status-checks"] >= 40 and profile["slurm-status-command"] == "squeue"


def test_a_failed_job_is_resubmitted_once_and_a_preempted_one_restarted(profile):
    assert profile["retries"] == 1 and profile["slurm-requeue"] is True


def test_every_job_is_a_submission_of_its_own(profile):
    assert not {"groups", "group-components", "slurm-array-jobs"} & profile.keys()


def test_no_rule_repeats_what_the_profile_says(root):
    texts = [path.read_text(encoding="utf-8") for path in root.glob("rules/**/*.smk")]
    assert len(texts) > 10
    assert not any(re.search(r"^ +(?:retries|group):", text, re.MULTILINE) for text in texts)


def test_jobs_that_run_a_model_are_submitted_and_no_others(root):
    texts = [path.read_text(encoding="utf-8") for path in root.glob("rules/*.smk")]
    blocks = [block for text in texts for block in re.split(r"^ *(?:use )?rule ", text, flags=re.MULTILINE)[1:]]
    names = {re.match(r"(?:\w+ as )?(\w+)", block)[1]: "    localrule: True" in block for block in blocks}
    assert {name for name, is_local in names.items() if not is_local} == SUBMITTED
