"""What the documentation shows works: its commands, examples, links, and names of rules."""

import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config, validate

from gradual_learning.configuration.check import complete
from gradual_learning.data.sources import own_file
from gradual_learning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "results/README.md"])
MARKERS = {"run", "test", "docs", "orphans", "benchmark"}
OTHER_PROGRAMS = {".", "cp", "diff", "python3"}  # of the shell, and the one that makes the environment
LM_EVAL = {".venv-lm-eval/bin/pip", ".venv-lm-eval/bin/lm_eval"}  # tests/e2e/test_export.py runs it
PROFILE_OPTIONS = {"groups", "group-components", "set-resource-scopes", "resources"}


def blocks(page: Path, language: str, kind: str = "command") -> Iterator[tuple[str, str]]:
    """Yield the marker (or nothing) and the text of every code block in a language."""
    pattern = rf"(?:^<!-- {kind}: ([\w ]+) -->\n)?^```{language}\n(.*?)^```$"
    yield from re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands() -> Iterator[list[str]]:
    """Yield the words of every command that a page shows; the block that cleans up a cluster is run in tests/slurm."""
    shown = [block for page in PAGES for marker, block in blocks(page, "bash") if marker != "orphans"]
    for line in "\n".join(shown).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        for is_operator, words in itertools.groupby(lexer, lambda word: set(word) <= set(";&|")):
            if not is_operator:
                yield list(words)


def calls(*program: str) -> list[list[str]]:
    """Return the arguments of all commands that run a program, each once."""
    found = (words[len(program) :] for words in commands() if words[: len(program)] == list(program))
    return sorted({tuple(arguments): list(arguments) for arguments in found}.values())


def in_line(program: str) -> list[list[str]]:
    """Return the arguments of the commands that run a program in the text and the tables of the pages."""
    texts = (page.read_text(encoding="utf-8") for page in PAGES)
    return [shlex.split(shown) for text in texts for shown in re.findall(rf"`{program} ([^`\n]+)`", text)]


def example(page: str, start: str) -> str:
    """Return the YAML example that starts with a key."""
    (found,) = [text for _, text in blocks(ROOT / page, "yaml", "example") if text.startswith(start)]
    return found


@pytest.fixture(scope="module")
def folder(copy_workflow, tmp_path_factory) -> Path:
    """A copy of the workflow with the files of the user that the pages mention."""
    folder = copy_workflow(tmp_path_factory.mktemp("documented") / "workflow")
    (folder / "mine.yaml").write_text(example("docs/experiments.md", "stages:"))
    (folder / "mine").mkdir()
    (folder / "mine/experiment.yaml").write_text(example("README.md", "data:"))
    (folder / "mine/questions.jsonl").write_text("".join(text for _, text in blocks(ROOT / "README.md", "json")))
    (folder / "models.yaml").write_text(example("docs/replicates.md", "pathvars:"))
    for finished in yaml.safe_load(example("docs/replicates.md", "pathvars:"))["combine"]["results"]:
        for name in ("methods.json", "tables/effects.tsv"):
            (folder / finished / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / finished / name).write_text("not read in a dry run")
    return folder


def test_every_command_is_tested():
    programs = {words[1] if "=" in words[0] else words[0] for words in commands()}
    assert programs - OTHER_PROGRAMS - LM_EVAL == {"pip", "pre-commit", "pytest", "python", "snakemake", "sphinx-build"}
    markers = [marker for page in PAGES for marker, _ in blocks(page, "bash") if marker]
    assert sorted(markers) == sorted(MARKERS), "other tests and .ci/run look for these"


def experiments() -> list[list[str]]:
    """Return the arguments that run all jobs of an experiment: test_experiments.py plans all of them."""
    return [["--cores", "all", "--configfile", str(path.relative_to(ROOT))] for path in ROOT.glob("experiments/*.yaml")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [call for call in calls("snakemake") if call not in experiments()], ids=shlex.join
)
def test_snakemake_can_plan(snakemake, folder, arguments):
    snakemake(*arguments, "--dry-run", "--quiet", "all", cwd=folder)


def test_pytest_knows_the_options(root):
    words = list(itertools.chain(*calls("pytest"), *in_line("pytest")))
    paths = [word for word in words if "/" in word]
    assert len(paths) > 3 and all((root / path).exists() for path in paths)
    options = [word for word in words if word not in paths]
    command = [sys.executable, "-m", "pytest", *options, "--collect-only", "-q", "tests/workflow/test_types.py"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode in (0, 5), done.stdout + done.stderr  # 5: every test of the file is deselected


@pytest.mark.parametrize("arguments", calls("pip", "install"), ids=shlex.join)
def test_pip_installs_what_is_there(root, arguments):
    assert arguments[0] == "-r" and (root / arguments[1]).is_file()


def test_pre_commit_is_configured(root):
    assert calls("pre-commit") == [["install"]] and (root / ".pre-commit-config.yaml").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [*calls("PYTHONPATH=workflow_scripts", "python"), *calls("python")], ids=shlex.join
)
def test_scripts_know_the_options(root, arguments):
    script, *rest = arguments
    environment = os.environ | {"PYTHONPATH": str(root / "workflow_scripts")}
    command = [sys.executable, root / script, "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [word for word in rest if word.startswith("-") and word not in done.stdout] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shell_blocks_are_valid(page):
    text = "\n".join(block for _, block in blocks(page, "bash"))
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def completed(text: str) -> dict[str, Any]:
    """Return the default configuration with the changes of an example, completed as the workflow does it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load(text))
    schema = ROOT / "rules/schemas/config.schema.yaml"
    return complete(
        config, yaml.safe_load(schema.read_text(encoding="utf-8")), lambda part: validate(part, str(schema))
    )


def yaml_examples() -> list[str]:
    return [block for page in PAGES for _, block in blocks(page, "yaml", "example")]


@pytest.mark.parametrize("text", yaml_examples(), ids=lambda text: text.partition(":")[0])
def test_yaml_examples_are_valid(text):
    if yaml.safe_load(text).keys() != PROFILE_OPTIONS:
        completed(text)


def test_the_profile_has_the_lines_on_groups_as_comments(root):
    text = (root / "profiles/slurm/config.yaml").read_text(encoding="utf-8")
    start = text.index("# groups:")
    commented = re.sub("^# ", "", text[start : text.index("\n\n", start)], flags=re.MULTILINE)
    shown, offered = yaml.safe_load(example("docs/cluster.md", "groups:")), yaml.safe_load(commented)
    assert shown.keys() == offered.keys() == PROFILE_OPTIONS
    assert all(shown[option].items() <= offered[option].items() for option in PROFILE_OPTIONS)


def test_the_example_of_stages_adds_a_chain():
    experiment = Experiment.from_config(completed(example("docs/experiments.md", "stages:")))
    checkpoints = experiment.trained_checkpoints()
    assert len(checkpoints) == 5 * 5, "one chain more; the one that is removed is on the way to it"
    assert "maybe_known+gradual+newly/seed1" in checkpoints


def test_example_questions_are_read(folder):
    records = list(own_file.read(folder / "mine/questions.jsonl"))
    assert [len(record["answers"]) for record in records] == [2, 1] and all(record["relation"] for record in records)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_links_to_every_page(root):
    links = re.findall(r"\]\(([^)#]+)", (root / "README.md").read_text(encoding="utf-8"))
    pages = {str(path.relative_to(root)) for path in root.glob("docs/**/*.md")} - {"docs/index.md"}
    assert pages <= set(links)


def test_the_readme_is_short(root):
    assert len((root / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_rule_is_named(root):
    named = set(re.findall(r"`(\w+\*?)`", (root / "docs/architecture.md").read_text(encoding="utf-8")))
    rules = {path.stem for path in root.glob("workflow_scripts/*.py")}
    assert rules <= named
