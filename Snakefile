from snakemake.utils import min_version

min_version("9.27")


configfile: workflow.source_path("config.yaml")


report: "rules/captions/workflow.rst"


include: "rules/checks.smk"
include: "rules/common.smk"
include: "rules/chains.smk"
include: "rules/resources.smk"
include: "rules/costs.smk"
include: "rules/planned.smk"
include: "rules/pages.smk"


scattergather:
    shards=1,


# a job that others are grouped with is no wider than a run of its own
resource_scopes:
    models="local",


wildcard_constraints:
    checkpoint=rf"base|{CHAIN}",
    split="train|test|probe|retest|again",


rule all:
    default_target: True
    input:
        "<results>/summary.md",
        "<results>/methods.html",
        "<results>/pages",
        collect("<results>/tables/{subject}.tsv", subject=table_subjects()),
        collect("<results>/figures/{subject}.{format}", subject=figure_subjects(), format=["png", "svg"]),


rule figures:
    input:
        collect("<results>/figures/{subject}.{format}", subject=figure_subjects(), format=["png", "svg"]),


rule categories:
    input:
        collect("<results>/categories/base/{split}.parquet", split=["train", "test", "probe"]),
        collect("<results>/categories/{checkpoint}/{split}.parquet", checkpoint=labelled(), split=["train", "probe"]),
        "<results>/figures/categories.png",


rule accuracy:
    input:
        "<results>/figures/accuracy.png",
        "<results>/tables/comparisons.tsv",


rule forgetting:
    input:
        "<results>/figures/forgetting.png",


include: "rules/data.smk"
include: "rules/pretraining.smk" if is_pretrained() else "rules/model.smk"
include: "rules/knowledge.smk"
include: "rules/finetune.smk"
include: "rules/evaluate.smk"
include: "rules/tables.smk"
include: "rules/explanations.smk"
include: "rules/figures.smk"
include: "rules/category_figures.smk"
include: "rules/report.smk"
include: "rules/plan.smk"


# what jobs that are done keep for a run that must go on
onsuccess:
    clear_working_folders()


onerror:
    print("The log of the failed job says why. Nothing finished is lost: mend it and give the same command again.")
