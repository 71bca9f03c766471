"""The types of the library agree with one another; pyproject.toml holds the settings."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_mypy(root):
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
