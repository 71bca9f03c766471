"""What the profile for SLURM promises whoever runs the cluster."""

import pytest
import yaml


@pytest.fixture(scope="module")
def profile(root):
    return yaml.safe_load((root / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))


def test_the_controller_is_asked_once_in_forty_seconds_at_most(profile):
    assert profile["slurm-init-seconds-before-status-checks"] >= 40 and profile["slurm-status-command"] == "squeue"


def test_a_job_is_submitted_once_more_and_by_snakemake_alone(profile):
    assert profile["retries"] == 1 and profile["slurm-no-requeue"] is True


def test_no_rule_repeats_what_the_profile_repeats(root):
    rules = [path.read_text(encoding="utf-8") for path in root.glob("rules/*.smk")]
    assert not any("    retries:" in text for text in rules)
