"""What README.md says can be typed is parsed, planned and found valid."""

import re
import shlex

import pytest


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


def blocks(readme, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


def own_questions(readme):
    """Return the configuration that is shown for one's own questions."""
    return re.search(r"<!-- example: own questions -->\n```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]


def test_every_command_can_be_planned(readme, snakemake, copy_workflow, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    (folder / "mine.yaml").write_text("seeds: [1]\n")
    (folder / "mine").mkdir()
    (folder / "mine/experiment.yaml").write_text(own_questions(readme))
    (folder / "mine/questions.jsonl").write_text("\n".join(blocks(readme, "json")))
    commands = re.findall(r"\bsnakemake [^#\n`]*", "\n".join(blocks(readme, "bash")))
    assert len(commands) >= 5
    for command in commands:
        arguments = shlex.split(command)[1:]
        if "--unlock" not in arguments:
            snakemake(*arguments, "--dry-run", "--quiet", "rules", cwd=folder)


def test_the_example_of_stages_is_a_valid_configuration(readme, snakemake, job_counts, copy_workflow, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    (example,) = [block for block in blocks(readme, "yaml") if block.startswith("stages:")]
    (folder / "mine.yaml").write_text(example)
    jobs = job_counts(snakemake("--dry-run", "--configfile", "mine.yaml", cwd=folder))
    assert jobs["finetune"] == 5 * 5, "one chain more; the one that is removed is on the way to it"


def test_what_it_links_to_is_there(readme, root):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    assert len(links) > 5
    assert [link for link in links if not (root / link).exists()] == []


def test_every_rule_is_named(readme, root):
    named = set(re.findall(r"`(\w+)`", readme))
    rules = {path.stem for path in root.glob("workflow_scripts/*.py")}
    assert {rule for rule in rules if not rule.startswith(("tabulate_", "plot_"))} <= named
