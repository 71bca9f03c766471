"""Which runs are combined, and how faults of that part of the configuration are reported."""

import re

import pytest

pytestmark = pytest.mark.slow


def test_replicates_have_their_settings_in_folders_of_their_own(dry_run):
    settings = ["combine={replicates: {a: {world: {seed: 7}}, b: {pretraining: {seed: 8}}}}", "seeds=[3]"]
    printed = dry_run("a_all", "b_all", "--config", *settings, "pathvars={results: here}")
    assert "here/replicates/a/checkpoints/maybe_known/seed3/best" in printed
    assert "here/replicates/b/summary.md" in printed and "here/checkpoints" not in printed


def test_replicates_of_the_same_model_and_questions_are_refused(dry_run):
    printed = dry_run("--config", "combine={replicates: {a: {}, b: {seeds: [7]}}}", fails=True)
    assert "combine.replicates: b has the same base model and questions as a; give it other seeds" in printed


def test_a_fault_in_a_replicate_is_explained(dry_run):
    printed = dry_run("--config", "combine={replicates: {a: {world: {sed: 1}}, b: {}}}", fails=True)
    assert "key `world.sed` is unknown, did you mean `world.seed`?" in printed


@pytest.mark.parametrize("replicates", ["{}", "{a: {}}"])
def test_one_run_cannot_be_combined(dry_run, replicates):
    printed = dry_run("combine", "--config", f"combine={{replicates: {replicates}}}", fails=True)
    assert "combine: name two or more runs in combine.replicates or combine.results" in printed


def measured(snakemake, folder):
    """Return the hash of the code that makes the effects, and the scripts that it covers, as the rules compute them."""
    lines = [f'include: "{folder}/rules/common/library.smk"', "print('CODE', measuring_code(), 'OF', *MEASURING)"]
    (folder / "Measured").write_text("\n".join([*lines, "rule nothing:", "    output: touch('nothing')"]) + "\n")
    printed = snakemake("--dry-run", "--snakefile", "Measured", cwd=folder)
    code, scripts = re.search(r"^CODE (\w+) OF (.*)$", printed, re.MULTILINE).groups()
    return code, set(scripts.split())


def test_the_hash_of_the_code_covers_all_that_makes_effects_and_nothing_else(
    snakemake, copy_workflow, dry_run, job_counts, tmp_path
):
    folder = copy_workflow(tmp_path / "workflow")
    before, scripts = measured(snakemake, folder)
    library = folder / "workflow_scripts/gradual_learning"
    for module, changes in (("figures/style.py", False), ("jobs/script.py", False), ("training/finetuning.py", True)):
        with open(library / module, "a", encoding="utf-8") as handle:
            handle.write("# edited\n")
        assert (measured(snakemake, folder)[0] != before) == changes, module
    jobs = set(job_counts(dry_run("results/tables/effects.tsv")))
    assert jobs - {"evaluate_base_model"} <= scripts | {"tabulate_comparisons"}
