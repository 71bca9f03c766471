"""The package keeps the libraries of the hub offline; its child processes still know whether the user is offline."""

import json
import subprocess
import sys

import pytest

REPORT = """
import json, os, subprocess, sys
import gradual_learning
from huggingface_hub import constants
found = [[gradual_learning.USER_IS_OFFLINE, constants.HF_HUB_OFFLINE]]
if sys.argv[1] > "0":
    command = [sys.executable, "-c", os.environ["REPORT"], str(int(sys.argv[1]) - 1)]
    found += json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
print(json.dumps(found))
"""


@pytest.fixture
def report(hub, root, tmp_path):
    """Import the package in a process, its child and its grandchild; return the switches that each of them has."""

    def run(**environment):
        own = hub.environment(tmp_path, PYTHONPATH=str(root / "workflow_scripts"), REPORT=REPORT, **environment)
        done = subprocess.run([sys.executable, "-c", REPORT, "2"], env=own, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    return run


def test_the_switches_of_the_package_do_not_make_the_user_of_a_child_process_offline(report):
    assert report() == [[False, True]] * 3


@pytest.mark.parametrize("switch", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_child_processes_know_that_the_user_is_offline(report, switch, value):
    assert report(**{switch: value}) == [[True, True]] * 3


def test_a_test_process_that_has_imported_the_package_can_start_an_offline_user(report, monkeypatch):
    monkeypatch.setenv("GRADUAL_LEARNING_USER_OFFLINE", "0")
    assert report(HF_HUB_OFFLINE="1") == [[True, True]] * 3


def test_a_switch_that_is_off_does_not_make_the_user_offline(report):
    assert report(HF_HUB_OFFLINE="0") == [[False, True]] * 3
