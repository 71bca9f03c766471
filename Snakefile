from snakemake.utils import min_version

min_version("9.27")


configfile: workflow.source_path("config.yaml")


report: "rules/captions/workflow.rst"


include: "rules/common/library.smk"
include: "rules/common/config.smk"
include: "rules/common/replicates.smk"
include: "rules/common/experiment.smk"
include: "rules/common/resources.smk"
include: "rules/common/subjects.smk"


scattergather:
    shards=1,


wildcard_constraints:
    checkpoint=rf"base|{CHAIN_PATTERN}",
    split="train|test|heldout|relabel|at_base|after_stage",


rule all:
    default_target: True
    input:
        "<results>/summary.md",
        "<results>/pages",
        [] if RUNS else ["<results>/methods.html", "<results>/knowledge.parquet"],
        collect("<results>/tables/{table}.tsv", table=TABLES),
        collect("<results>/figures/{figure}.{format}", figure=FIGURES, format=["png", "svg"]),


rule figures:
    input:
        collect("<results>/figures/{figure}.{format}", figure=FIGURES, format=["png", "svg"]),


rule categories:
    input:
        collect("<results>/categories/base/{split}.parquet", split=["train", "test", "heldout"]),
        knowledge_of("train"),
        knowledge_of("heldout"),
        "<results>/figures/categories.png",


rule accuracy:
    input:
        "<results>/figures/accuracy.png",
        "<results>/tables/comparisons.tsv",


rule forgetting:
    input:
        "<results>/figures/forgetting.png",


rule combine:
    input:
        lambda wildcards: run_files("methods.json") and rules.all.input,


include: "rules/data.smk"
include: "rules/model.smk"
include: "rules/knowledge.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/export.smk"
include: "rules/plan.smk"
include: "rules/combine.smk"


onstart:
    # Snakemake's own lock states which runs may work side by side, but --nolock switches it off
    if not locks.lock(".snakemake/running", shared=workflow.execution_settings.lock):
        raise WorkflowError("another run is already running in this folder: let it finish or stop it")


onerror:
    print("The log of the failed job names the cause. Finished results are kept: fix the cause and rerun the command.")
