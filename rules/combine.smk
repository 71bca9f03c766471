rule tabulate_combined:
    input:
        made=lambda wildcards: run_files("methods.json"),
        effects=lambda wildcards: run_files("tables/effects.tsv"),
    output:
        table="<results>/tables/combined.tsv",
    log:
        "<logs>/tabulate_combined.log",
    benchmark:
        "<benchmarks>/tabulate_combined.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_combined"),
        **tracked_params(
            runs=RUNS,
            comparisons=config["comparisons"],
            **settings_of("combine", "allow"),
            **settings_of("evaluation", "confidence_level"),
        ),
    message:
        "Combining the effects of several runs"
    script:
        "../workflow_scripts/tabulate_combined.py"
