"""Pins: the conda files repeat those of envs/requirements.txt, and whatever the code imports has one."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
import yaml

SNAKEMAKE_ALONE = {"snakemake"}  # runs outside the environments of its jobs
OPTIONAL = {"vllm"}  # has an environment of its own: envs/requirements-vllm.txt


def requirements(path: Path) -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith("-r")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins), pins
    return dict(pin.split("==") for pin in pins)


def conda_pins(path: Path) -> dict[str, str]:
    dependencies = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    (pip,) = [part["pip"] for part in dependencies if isinstance(part, dict)]
    return dict(pin.split("==") for pin in pip)


@pytest.fixture(scope="module")
def pins(root) -> dict[str, str]:
    return requirements(root / "envs" / "requirements.txt")


@pytest.mark.parametrize("name", ["llm", "analysis"])
def test_conda_files_repeat_the_pins(root, pins, name):
    for package, pinned in conda_pins(root / "envs" / f"{name}.yaml").items():
        assert pins[package] == pinned


def test_conda_files_leave_nothing_out(root, pins):
    installed = [set(conda_pins(path)) for path in root.glob("envs/*.yaml")]
    assert len(installed) == 2
    assert set.union(*installed) == set(pins) - SNAKEMAKE_ALONE


def test_plotting_needs_no_torch(root):
    assert not {"torch", "transformers", "peft"} & set(conda_pins(root / "envs" / "analysis.yaml"))


def test_conda_files_end_with_nodefaults_and_one_python(root):
    for path in root.glob("envs/*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert content["channels"][-1] == "nodefaults"
        assert "python=3.11" in content["dependencies"]


def test_installed_versions_are_the_pinned_ones(root, pins):
    for package, pinned in (pins | requirements(root / "envs" / "requirements-dev.txt")).items():
        assert version(package).partition("+")[0] == pinned, package


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_everything_imported_is_pinned(root, pins):
    files = list(root.glob("workflow_scripts/**/*.py"))
    assert len(files) > 20
    names = set().union(*map(imported, files)) - set(sys.stdlib_module_names) - {"gradual_learning"} - OPTIONAL
    owners = packages_distributions()
    pinned = {name.lower().replace("-", "_") for name in pins}
    stray = {name for name in names if not {o.lower().replace("-", "_") for o in owners.get(name, [])} & pinned}
    assert not stray
