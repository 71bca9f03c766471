"""Calls of the download library in processes of their own, against a hub on loopback."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub_models import save_qwen2

CALL = """
import json
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.hub import download

def error_of(call):
    try:
        return f"no error: {{call()}}"
    except UserError as error:
        return str(error)

print(json.dumps({}))
"""


@pytest.fixture(scope="session")
def qwen2_folder(tmp_path_factory) -> Path:
    return save_qwen2(tmp_path_factory.mktemp("qwen2"))


@pytest.fixture(scope="session")
def qwen2(qwen2_folder) -> dict[str, bytes]:
    """The files of a model with two weight files, by name."""
    return {path.name: path.read_bytes() for path in qwen2_folder.iterdir()}


@pytest.fixture
def start(hub, root, tmp_path) -> Callable[..., subprocess.Popen]:
    """Start a process that evaluates one expression with the library."""

    def begin(expression: str, **environment: str) -> subprocess.Popen:
        own = hub.environment(tmp_path / "home", PYTHONPATH=str(root / "workflow_scripts"), **environment)
        command = [sys.executable, "-c", CALL.format(expression)]
        return subprocess.Popen(
            command, cwd=tmp_path, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return begin


@pytest.fixture
def fetch(start) -> Callable:
    """Evaluate one expression in a separate process; return its value, or the message of its UserError if it fails."""

    def call(expression: str, fails: bool = False, **environment: str):
        process = start(expression, **environment)
        out, err = process.communicate(timeout=120)
        assert (process.returncode != 0) == fails, err
        last = err.strip().splitlines()[-1] if fails else ""
        assert not fails or last.startswith("gradual_learning.jobs.errors.UserError: "), err
        return last.partition("UserError: ")[2] if fails else json.loads(out)

    return call
