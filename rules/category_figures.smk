rule plot_categories:
    input:
        lib=library("plot_categories"),
        table="<results>/tables/categories.tsv",
    output:
        png="<results>/figures/categories.png",
        svg="<results>/figures/categories.svg",
    log:
        "<logs>/plot_categories.log",
    benchmark:
        "<benchmarks>/plot_categories.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
    message:
        "Drawing the shares of categories"
    script:
        "../workflow_scripts/plot_categories.py"


rule plot_transitions:
    input:
        lib=library("plot_transitions"),
        table="<results>/tables/transitions.tsv",
    output:
        png="<results>/figures/transitions.png",
        svg="<results>/figures/transitions.svg",
    log:
        "<logs>/plot_transitions.log",
    benchmark:
        "<benchmarks>/plot_transitions.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
    message:
        "Drawing the transitions"
    script:
        "../workflow_scripts/plot_transitions.py"


rule plot_flow:
    input:
        lib=library("plot_flow"),
        table="<results>/tables/transitions.tsv",
    output:
        png="<results>/figures/flow.png",
        svg="<results>/figures/flow.svg",
    log:
        "<logs>/plot_flow.log",
    benchmark:
        "<benchmarks>/plot_flow.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
    message:
        "Drawing the flow of questions between categories"
    script:
        "../workflow_scripts/plot_flow.py"


rule plot_exposure:
    input:
        lib=library("plot_exposure"),
        table="<results>/tables/exposure.tsv",
    output:
        png="<results>/figures/exposure.png",
        svg="<results>/figures/exposure.svg",
    log:
        "<logs>/plot_exposure.log",
    benchmark:
        "<benchmarks>/plot_exposure.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
        confidence=lookup("evaluation/confidence", within=config),
    message:
        "Drawing categories by exposure"
    script:
        "../workflow_scripts/plot_exposure.py"


rule plot_recall:
    input:
        lib=library("plot_recall"),
        table="<results>/tables/recall.tsv",
    output:
        png="<results>/figures/recall.png",
        svg="<results>/figures/recall.svg",
    log:
        "<logs>/plot_recall.log",
    benchmark:
        "<benchmarks>/plot_recall.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
        confidence=lookup("evaluation/confidence", within=config),
    message:
        "Drawing the recall of statements by category"
    script:
        "../workflow_scripts/plot_recall.py"


rule plot_newly_known:
    input:
        lib=library("plot_newly_known"),
        table="<results>/tables/newly_known.tsv",
    output:
        png="<results>/figures/newly_known.png",
        svg="<results>/figures/newly_known.svg",
    log:
        "<logs>/plot_newly_known.log",
    benchmark:
        "<benchmarks>/plot_newly_known.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
    message:
        "Drawing what became known by exposure"
    script:
        "../workflow_scripts/plot_newly_known.py"


rule plot_sharing:
    input:
        lib=library("plot_sharing"),
        table="<results>/tables/sharing.tsv",
    output:
        png="<results>/figures/sharing.png",
        svg="<results>/figures/sharing.svg",
    log:
        "<logs>/plot_sharing.log",
    benchmark:
        "<benchmarks>/plot_sharing.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
        confidence=lookup("evaluation/confidence", within=config),
    message:
        "Drawing the entities shared with trained questions"
    script:
        "../workflow_scripts/plot_sharing.py"
