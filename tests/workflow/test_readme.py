"""What README.md says can be typed is parsed, planned and found valid."""

import re
import shlex

import pytest


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


def blocks(readme, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


def test_every_command_can_be_planned(readme, snakemake, copy_workflow, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    (folder / "resources").mkdir()
    (folder / "resources/entity_questions.zip").write_bytes(b"read by no dry run")
    (folder / "mine.yaml").write_text("seeds: [1]\n")
    commands = re.findall(r"\bsnakemake [^#\n`]*", "\n".join(blocks(readme, "bash")))
    assert len(commands) >= 5
    for command in commands:
        arguments = shlex.split(command)[1:]
        if "--unlock" not in arguments:
            snakemake("--dry-run", "--quiet", "rules", *arguments, cwd=folder)


def test_the_example_of_stages_is_a_valid_configuration(readme, snakemake, job_counts, copy_workflow, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    (example,) = blocks(readme, "yaml")
    (folder / "mine.yaml").write_text(example)
    jobs = job_counts(snakemake("--dry-run", "--configfile", "mine.yaml", cwd=folder))
    assert jobs["finetune"] == 3 * 7, "one chain more, one fewer"


def test_what_it_links_to_is_there(readme, root):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    assert len(links) > 5
    assert [link for link in links if not (root / link).exists()] == []


def test_every_rule_is_named(readme, root):
    named = set(re.findall(r"`(\w+)`", readme))
    rules = {path.stem for path in root.glob("workflow_scripts/*.py")}
    assert {rule for rule in rules if not rule.startswith(("tabulate_", "plot_"))} <= named
