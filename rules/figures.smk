rule plot_accuracy:
    input:
        lib=library("plot_accuracy"),
        table="<results>/tables/accuracy.tsv",
    output:
        png="<results>/figures/accuracy.png",
        svg="<results>/figures/accuracy.svg",
    log:
        "<logs>/plot_accuracy.log",
    benchmark:
        "<benchmarks>/plot_accuracy.tsv"
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
        "Drawing accuracy"
    script:
        "../workflow_scripts/plot_accuracy.py"


rule plot_comparisons:
    input:
        lib=library("plot_comparisons"),
        table="<results>/tables/comparisons.tsv",
    output:
        png="<results>/figures/comparisons.png",
        svg="<results>/figures/comparisons.svg",
    log:
        "<logs>/plot_comparisons.log",
    benchmark:
        "<benchmarks>/plot_comparisons.tsv"
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
        "Drawing the differences between strategies"
    script:
        "../workflow_scripts/plot_comparisons.py"


rule plot_arms:
    input:
        lib=library("plot_arms"),
        table="<results>/tables/arms.tsv",
    output:
        png="<results>/figures/arms.png",
        svg="<results>/figures/arms.svg",
    log:
        "<logs>/plot_arms.log",
    benchmark:
        "<benchmarks>/plot_arms.tsv"
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
        "Drawing the arms beside the published ones"
    script:
        "../workflow_scripts/plot_arms.py"


rule plot_forgetting:
    input:
        lib=library("plot_forgetting"),
        table="<results>/tables/forgetting.tsv",
    output:
        png="<results>/figures/forgetting.png",
        svg="<results>/figures/forgetting.svg",
    log:
        "<logs>/plot_forgetting.log",
    benchmark:
        "<benchmarks>/plot_forgetting.tsv"
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
        "Drawing forgetting"
    script:
        "../workflow_scripts/plot_forgetting.py"


rule plot_replay:
    input:
        lib=library("plot_replay"),
        tables=["<results>/tables/accuracy.tsv", "<results>/tables/forgetting.tsv"],
    output:
        png="<results>/figures/replay.png",
        svg="<results>/figures/replay.svg",
    log:
        "<logs>/plot_replay.log",
    benchmark:
        "<benchmarks>/plot_replay.tsv"
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
        sweep=replay_sweep(),
    message:
        "Drawing accuracy and forgetting by the replay ratio"
    script:
        "../workflow_scripts/plot_replay.py"


rule plot_knowledge_gain:
    input:
        lib=library("plot_knowledge_gain"),
        table="<results>/tables/knowledge_gain.tsv",
    output:
        png="<results>/figures/knowledge_gain.png",
        svg="<results>/figures/knowledge_gain.svg",
    log:
        "<logs>/plot_knowledge_gain.log",
    benchmark:
        "<benchmarks>/plot_knowledge_gain.tsv"
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
        "Drawing the knowledge gained"
    script:
        "../workflow_scripts/plot_knowledge_gain.py"


rule plot_learning_curves:
    input:
        lib=library("plot_learning_curves"),
        table="<results>/tables/learning_curves.tsv",
    output:
        png="<results>/figures/learning_curves.png",
        svg="<results>/figures/learning_curves.svg",
    log:
        "<logs>/plot_learning_curves.log",
    benchmark:
        "<benchmarks>/plot_learning_curves.tsv"
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
        "Drawing the learning curves"
    script:
        "../workflow_scripts/plot_learning_curves.py"


rule plot_cost:
    input:
        lib=library("plot_cost"),
        table="<results>/tables/cost.tsv",
    output:
        png="<results>/figures/cost.png",
        svg="<results>/figures/cost.svg",
    log:
        "<logs>/plot_cost.log",
    benchmark:
        "<benchmarks>/plot_cost.tsv"
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
        "Drawing the cost of each strategy"
    script:
        "../workflow_scripts/plot_cost.py"
