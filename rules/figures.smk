rule plot:
    input:
        code=lambda wildcards: code_inputs("plot", f"figures.{wildcards.figure}"),
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
        settings=figure_settings,
    message:
        "Plotting {wildcards.figure}"
    script:
        "../workflow_scripts/plot.py"
