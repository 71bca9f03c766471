"""Another workflow can take this one in as a module, from its own folder and under its own prefix."""

IMPORTER = """
configfile: "importer.yaml"


module gradual_learning:
    snakefile:
        "{root}/Snakefile"
    config:
        config["gradual_learning"]
    prefix:
        "knowledge"


use rule * from gradual_learning as gl_*


use rule plot_accuracy from gradual_learning as gl_plot_accuracy with:
    params:
        dpi=72,
        confidence=0.95,


rule own:
    input:
        "knowledge/results/figures/accuracy.png",
"""


def test_import_with_prefix_and_a_small_config(snakemake, job_counts, root, tmp_path):
    (tmp_path / "Snakefile").write_text(IMPORTER.format(root=root))
    (tmp_path / "importer.yaml").write_text("gradual_learning: {seeds: [5]}\n")
    printed = snakemake("--dry-run", "own", cwd=tmp_path)
    jobs = job_counts(printed)
    assert jobs["gl_finetune"] == 4 and jobs["gl_plot_accuracy"] == 1 and jobs["own"] == 1
    assert "knowledge/results/checkpoints/maybe_known/seed5/best" in printed and " results/" not in printed


def test_imported_rules_run_from_another_folder(snakemake, root, tmp_path):
    (tmp_path / "Snakefile").write_text(IMPORTER.format(root=root))
    (tmp_path / "importer.yaml").write_text("gradual_learning: {world: {people: 300}}\n")
    snakemake("--cores", 1, "knowledge/results/data/questions.parquet", cwd=tmp_path)
    assert (tmp_path / "knowledge/results/data/questions.parquet").stat().st_size > 0
    assert not (tmp_path / "results").exists()
