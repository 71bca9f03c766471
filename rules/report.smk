rule write_pages:
    input:
        lib=library("write_pages"),
        tables=table_files(table_subjects()),
        figures=collect("<results>/figures/{subject}.svg", subject=figure_subjects()),
    output:
        pages=report(
            directory("<results>/pages"),
            patterns=["{subject}.html"],
            caption="captions/pages.rst",
            category=page_category,
            labels=page_labels,
        ),
    log:
        "<logs>/write_pages.log",
    benchmark:
        "<benchmarks>/write_pages.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **named(
            titles=page_titles(),
            confidence=lookup("evaluation/confidence", within=config),
            sweep=replay_sweep(),
        ),
    message:
        "Writing the pages of the report"
    script:
        "../workflow_scripts/write_pages.py"


rule write_summary:
    input:
        lib=library("write_summary"),
        tables=table_files(summarised()),
    output:
        summary="<results>/summary.md",
        page=report(
            "<results>/summary.html",
            caption="captions/summary.rst",
            category="1 Summary",
            labels={"subject": "What this run shows", "holds": "claims, evidence, limits"},
        ),
    log:
        "<logs>/write_summary.log",
    benchmark:
        "<benchmarks>/write_summary.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **named(
            strategies=lookup("strategies", within=config),
            stages=lookup("stages", within=config),
            seeds=lookup("seeds", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            retest=lookup("evaluation/retest", within=config),
            is_simulated=is_pretrained(),
        ),
    message:
        "Writing the summary"
    script:
        "../workflow_scripts/write_summary.py"


rule write_methods:
    input:
        lib=library("write_methods"),
        tables=table_files(["training_data", "cost", "time"]),
        model_source=model_source(),
        requirements=workflow.source_path("../envs/requirements.txt"),
    output:
        page=report(
            "<results>/methods.html",
            caption="captions/methods.rst",
            category="1 Summary",
            labels={"subject": "How this was made", "holds": "model, seeds, sets, cost, versions, configuration"},
        ),
    log:
        "<logs>/write_methods.log",
    benchmark:
        "<benchmarks>/write_methods.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings={key: value for key, value in config.items() if key != "pathvars"},
    message:
        "Writing how this was made"
    script:
        "../workflow_scripts/write_methods.py"
