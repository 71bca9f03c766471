"""Pins: lock files, conda files and pre-commit hooks agree with envs/requirements.txt, and every import has one."""

import ast
import re
import sys
from collections import ChainMap
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SNAKEMAKE_ALONE = {"jsonschema", "pyyaml", "snakemake"}  # run outside the environments of its jobs
OPTIONAL = {"vllm"}  # has an environment of its own: envs/requirements-vllm.txt
LOCKED = {
    "requirements": ["requirements"],
    "requirements-dev": ["requirements", "requirements-docs", "requirements-dev"],
}
CUDA = re.compile(r"(cuda|nvidia)-.*|triton")  # pinned by the CUDA build of torch, unknown to its CPU build


def requirements(path: Path) -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith(("-r", "-c"))]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins), pins
    return dict(pin.split("==") for pin in pins)


def locked(path: Path) -> dict[str, str]:
    """Return the pins of a lock file that hold on this platform."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pins = [line.partition(" ; ") for line in lines]
    return dict(pin.split("==") for pin, _, marker in pins if not marker or Marker(marker).evaluate())


def needed(direct: set[str]) -> set[str]:
    """Return the names of packages and of all that they need here, by the metadata of what is installed."""
    found, waiting = set(), [Requirement(name) for name in direct]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, *requirement.extras) in found or CUDA.fullmatch(name):
            continue
        found.add((name, *requirement.extras))
        for text in requires(name) or []:
            further = Requirement(text)
            extras = requirement.extras or {""}
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(further)
    return {name for name, *_ in found}


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


@pytest.mark.parametrize(("lock", "parts"), LOCKED.items())
def test_lock_files_hold_what_is_required_and_no_more(root, lock, parts):
    direct = dict(ChainMap(*(requirements(root / "envs" / f"{part}.txt") for part in parts)))
    lines = locked(root / "envs" / f"{lock}.lock")
    assert {name: lines[canonicalize_name(name)] for name in direct} == direct
    assert set(lines) == needed(set(direct))
    assert not [name for name in lines if CUDA.fullmatch(name)]


def test_lock_files_agree(root):
    workflow, contributors = (locked(root / "envs" / f"{name}.lock") for name in LOCKED)
    assert workflow.items() <= contributors.items()


def test_installed_versions_are_the_locked_ones(root):
    pins = locked(root / "envs" / "requirements-dev.lock")
    assert {package: version(package).partition("+")[0] for package in pins} == pins


def test_slurm_and_pre_commit_use_the_pins(root):
    pins = requirements(root / "envs" / "requirements-dev.txt")
    plugin = requirements(root / "envs" / "requirements-slurm.txt")
    (local,) = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    hooks = dict(pin.split("==") for hook in local["hooks"] for pin in hook.get("additional_dependencies", []))
    assert {"ruff", "snakefmt", "codespell"} == set(hooks)
    assert (plugin | hooks).items() <= pins.items()


def test_lm_eval_runs_with_the_pins(root, pins):
    own = requirements(root / "envs" / "requirements-lm-eval.txt")
    assert own.keys() - pins.keys() == {"lm-eval"}
    assert (own.items() - pins.items()) == {("lm-eval", own["lm-eval"])}


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
