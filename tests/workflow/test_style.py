"""The source is formatted, passes the linters, and has no long lines, functions or modules."""

import ast
import re
import subprocess
import sys
from itertools import takewhile

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
        if file.is_file() and file.suffix not in {".md", ".lock"}
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 120
    ]
    assert not long


def test_params_are_compared_by_name(root):
    """Snakemake compares params as a set of values: one dict per rule holds names and values.

    Params of other kinds hold their name in the value (code), are not compared (paths) or are hashes of content.
    """
    rules = [
        rule for file in root.glob("rules/*.smk") for rule in re.split(r"\n{3,}", file.read_text(encoding="utf-8"))
    ]
    params = [re.search(r"^ +params:\n((?: {8,}.*\n)+)", rule, re.MULTILINE) for rule in rules]
    blocks = [block[1] for block in params if block]
    assert len(blocks) > 20
    known = ("**tracked_code(", "code=", "**tracked_params(", "settings=", "content=", ")")
    for block in blocks:
        depth = len(block) - len(block.lstrip())
        lines = takewhile(lambda line: not line[:depth].strip(), block.splitlines())  # noqa: B023 - used at once
        first_level = [line[depth:] for line in lines if line[depth] != " " and "=configured_path(" not in line]
        assert [line for line in first_level if not line.startswith(known)] == [], block


def sizes(root):
    """Yield each function of the project with its file and its number of lines."""
    for path in [*root.glob("workflow_scripts/**/*.py"), *root.glob("tests/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node.name, node.end_lineno - node.lineno + 1


def test_functions_and_modules_are_short(root):
    assert [(str(path), name) for path, name, lines in sizes(root) if lines > 50] == []
    modules = {path: path.read_text(encoding="utf-8").count("\n") for path in root.glob("workflow_scripts/**/*.py")}
    assert [str(path) for path, lines in modules.items() if lines > 300] == []


def test_rules_are_few_and_short(root):
    texts = [path.read_text(encoding="utf-8") for path in [root / "Snakefile", *root.glob("rules/**/*.smk")]]
    assert sum(text.count("\n") for text in texts) <= 1600
    assert len(re.findall(r"^ *(?:use )?rule \w+", "\n".join(texts), re.MULTILINE)) <= 45
