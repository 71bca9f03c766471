"""The source is formatted and lint-free, and no line of it is long."""

import re
import subprocess
import sys

import pytest


def check(root, *command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff(root):
    check(root, "ruff", "check", "--no-cache", ".")


def test_ruff_format(root):
    check(root, "ruff", "format", "--no-cache", "--check", ".")


def test_snakefmt(root):
    check(root, "snakefmt", "--check", "Snakefile", "rules")


def test_snakemake_lint(root):
    check(root, "snakemake", "--lint")


@pytest.mark.parametrize("pattern", ["Snakefile", "*.yaml", "rules/**/*.*", "envs/*", "experiments/*", "profiles/*/*"])
def test_lines_are_short(root, pattern):
    files = list(root.glob(pattern))
    assert files
    long = [
        f"{file.relative_to(root)}:{number}"
        for file in files
        if file.is_file() and file.suffix != ".md"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 120
    ]
    assert not long


def test_parsing_needs_snakemake_alone(root):
    texts = [file.read_text(encoding="utf-8") for file in [root / "Snakefile", *root.glob("rules/*.smk")]]
    for heavy in ("pandas", "torch", "numpy", "transformers", "pyarrow", "gradual_learning import"):
        assert not any(f"import {heavy}" in text or f"from {heavy}" in text for text in texts)


def test_params_are_compared_by_name(root):
    """Figures are left out, as no two of their params can have one value, and the plan, which always runs."""
    rules = [rule for file in root.glob("rules/*.smk") for rule in file.read_text(encoding="utf-8").split("\n\n\n")]
    compared = [rule for rule in rules if "    output:" in rule and "workflow_scripts/plot_" not in rule]
    params = [re.search(r"    params:\n((?: {8}.*\n)+)", rule) for rule in compared]
    assert sum("**named(" in block[1] for block in params if block) > 25
    assert not [block[1] for block in params if block and len(re.findall(r"^ {8}\w+=", block[1], re.M)) > 1]
