rule plot:
    input:
        tables=lambda wildcards: table_files(subjects.SUBJECTS[wildcards.figure].tables),
    output:
        png="<results>/figures/{figure}.png",
        svg="<results>/figures/{figure}.svg",
    log:
        "<logs>/plot/{figure}.log",
    benchmark:
        "<benchmarks>/plot/{figure}.tsv"
    wildcard_constraints:
        figure="|".join(FIGURES),
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        code=lambda wildcards: [*tracked_code("plot", f"figures.{wildcards.figure}").values()],
        settings=figure_settings,
    message:
        "Plotting {wildcards.figure}"
    script:
        "../workflow_scripts/plot.py"
