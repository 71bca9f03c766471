"""Another workflow can use this one as a module, from its own folder and under its own prefix."""

import re

import pytest

FURTHER = """

use rule plot from gradual_learning as gradual_plot with:
    params:
        settings={"dpi": 72, "confidence": 0.95},


rule own:
    input:
        "knowledge/results/figures/accuracy.png",
"""


@pytest.fixture
def importer(root, tmp_path):
    """A workflow with the lines of docs/experiments.md, and with a rule of its own that changes one of the module's."""
    page = (root / "docs/experiments.md").read_text(encoding="utf-8")
    example = re.search(r"^```text\n(module gradual_learning:\n.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
    assert "path/to/gradual-learning/" in example
    text = example.replace("path/to/gradual-learning", str(root)) + FURTHER
    (tmp_path / "Snakefile").write_text(f'configfile: "importer.yaml"\n\n\n{text}')
    return tmp_path


def test_import_with_prefix_and_a_small_config(snakemake, job_counts, importer):
    (importer / "importer.yaml").write_text("gradual_learning: {seeds: [5]}\n")
    printed = snakemake("--dry-run", "own", cwd=importer)
    jobs = job_counts(printed)
    assert jobs["gradual_finetune"] == 4 and jobs["gradual_plot"] == 1 and jobs["own"] == 1
    assert "knowledge/results/checkpoints/maybe_known/seed5/best" in printed and " results/" not in printed


@pytest.mark.slow
def test_imported_rules_run_from_another_folder(snakemake, importer):
    (importer / "importer.yaml").write_text("gradual_learning: {world: {people: 300}}\n")
    snakemake("--cores", 1, "knowledge/results/data/questions.parquet", cwd=importer)
    assert (importer / "knowledge/results/data/questions.parquet").stat().st_size > 0
    assert not (importer / "results").exists()
