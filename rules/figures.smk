rule plot_accuracy:
    input:
        lib=library("plot_accuracy"),
        table="<results>/tables/accuracy.tsv",
    output:
        png=report(
            "<results>/figures/accuracy.png",
            caption="captions/accuracy.rst",
            category="Accuracy",
            labels={"figure": "by strategy and category at base", "format": "PNG"},
        ),
        svg="<results>/figures/accuracy.svg",
    log:
        "<logs>/plot_accuracy.log",
    benchmark:
        "<benchmarks>/plot_accuracy.tsv"
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


rule plot_forgetting:
    input:
        lib=library("plot_forgetting"),
        table="<results>/tables/forgetting.tsv",
    output:
        png=report(
            "<results>/figures/forgetting.png",
            caption="captions/forgetting.rst",
            category="Forgetting",
            labels={"figure": "by strategy", "format": "PNG"},
        ),
        svg="<results>/figures/forgetting.svg",
    log:
        "<logs>/plot_forgetting.log",
    benchmark:
        "<benchmarks>/plot_forgetting.tsv"
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


rule plot_knowledge_gain:
    input:
        lib=library("plot_knowledge_gain"),
        table="<results>/tables/knowledge_gain.tsv",
    output:
        png=report(
            "<results>/figures/knowledge_gain.png",
            caption="captions/knowledge_gain.rst",
            category="Knowledge",
            labels={"figure": "by strategy", "format": "PNG"},
        ),
        svg="<results>/figures/knowledge_gain.svg",
    log:
        "<logs>/plot_knowledge_gain.log",
    benchmark:
        "<benchmarks>/plot_knowledge_gain.tsv"
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


rule plot_categories:
    input:
        lib=library("plot_categories"),
        table="<results>/tables/categories.tsv",
    output:
        png=report(
            "<results>/figures/categories.png",
            caption="captions/categories.rst",
            category="Categories",
            labels={"figure": "shares by stage", "format": "PNG"},
        ),
        svg="<results>/figures/categories.svg",
    log:
        "<logs>/plot_categories.log",
    benchmark:
        "<benchmarks>/plot_categories.tsv"
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
        png=report(
            "<results>/figures/transitions.png",
            caption="captions/transitions.rst",
            category="Categories",
            labels={"figure": "transitions by stage", "format": "PNG"},
        ),
        svg="<results>/figures/transitions.svg",
    log:
        "<logs>/plot_transitions.log",
    benchmark:
        "<benchmarks>/plot_transitions.tsv"
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


rule plot_learning_curves:
    input:
        lib=library("plot_learning_curves"),
        table="<results>/tables/learning_curves.tsv",
    output:
        png=report(
            "<results>/figures/learning_curves.png",
            caption="captions/learning_curves.rst",
            category="Training",
            labels={"figure": "learning curves", "format": "PNG"},
        ),
        svg="<results>/figures/learning_curves.svg",
    log:
        "<logs>/plot_learning_curves.log",
    benchmark:
        "<benchmarks>/plot_learning_curves.tsv"
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


rule plot_exposure:
    input:
        lib=library("plot_exposure"),
        table="<results>/tables/exposure.tsv",
    output:
        png=report(
            "<results>/figures/exposure.png",
            caption="captions/exposure.rst",
            category="Categories",
            labels={"figure": "by exposure in pretraining", "format": "PNG"},
        ),
        svg="<results>/figures/exposure.svg",
    log:
        "<logs>/plot_exposure.log",
    benchmark:
        "<benchmarks>/plot_exposure.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dpi=lookup("figures/dpi", within=config),
    message:
        "Drawing categories by exposure"
    script:
        "../workflow_scripts/plot_exposure.py"
