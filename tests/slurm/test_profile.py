"""What the profile for SLURM promises whoever runs the cluster."""

import re

import pytest
import yaml

ASKED = {"sample_answers", "score_answers", "answer_zero_shot", "answer_zero_shot_base", "recall_statements"}


@pytest.fixture(scope="module")
def profile(root):
    return yaml.safe_load((root / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))


def test_the_controller_is_asked_once_in_forty_seconds_at_most(profile):
    assert profile["slurm-init-seconds-before-status-checks"] >= 40 and profile["slurm-status-command"] == "squeue"


def test_a_failed_job_is_submitted_once_more_and_a_preempted_one_started_again(profile):
    assert profile["retries"] == 1 and profile["slurm-requeue"] is True


def test_no_rule_repeats_what_the_profile_repeats(root):
    rules = [path.read_text(encoding="utf-8") for path in root.glob("rules/*.smk")]
    assert not any("    retries:" in text for text in rules)


def test_what_runs_a_model_is_submitted_and_nothing_else(root):
    rules = [path.read_text(encoding="utf-8") for path in root.glob("rules/*.smk")]
    blocks = [block for text in rules for block in re.split(r"^(?:use )?rule ", text, flags=re.MULTILINE)[1:]]
    submitted = {re.match(r"(?:\w+ as )?(\w+)", block)[1] for block in blocks if "    localrule: True" not in block}
    assert submitted == ASKED | {"pretrain_base_model", "finetune", "plan"}
