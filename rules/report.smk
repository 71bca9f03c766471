rule write_pages:
    input:
        tables=table_files(TABLES),
        figures=collect("<results>/figures/{figure}.svg", figure=FIGURES),
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
    resources:
        **LIGHT,
    params:
        **tracked_code("write_pages", *(subjects.SUBJECTS[name].module for name in PAGES)),
        **tracked_params(
            subjects=PAGES,
            confidence_level=config["evaluation"]["confidence_level"],
            sweep=EXPERIMENT.replay_sweep(),
        ),
    message:
        "Writing the pages of the report"
    script:
        "../workflow_scripts/write_pages.py"


rule write_summary:
    input:
        tables=table_files(name for name in SUMMARIZED if name in TABLES),
    output:
        summary="<results>/summary.md",
        page=report(
            "<results>/summary.html",
            caption="captions/summary.rst",
            category="1 Summary",
            labels={"subject": "Findings of this run"} | RUN_LABEL,
        ),
    log:
        "<logs>/write_summary.log",
    benchmark:
        "<benchmarks>/write_summary.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("write_summary"),
        **tracked_params(
            strategies=config["strategies"],
            stages=config["stages"],
            seeds=config["seeds"],
            **settings_of("evaluation", "confidence_level", "relabel"),
            is_simulated=is_pretrained(),
        ),
    message:
        "Writing the summary"
    script:
        "../workflow_scripts/write_summary.py"


rule write_methods:
    input:
        tables=table_files(["training_data", "cost", "time"]),
        model_source=[] if is_pretrained() else "<results>/model_source.json",
    output:
        record="<results>/methods.json",
        page=report(
            "<results>/methods.html",
            caption="captions/methods.rst",
            category="1 Summary",
            labels={"subject": "How this was made"} | RUN_LABEL,
        ),
    log:
        "<logs>/write_methods.log",
    benchmark:
        "<benchmarks>/write_methods.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("write_methods"),
        **tracked_params(
            requirements=read_project_file("envs/requirements.txt"),
            citation=read_project_file("CITATION.cff"),
            code=measuring_code("generation.engine", f"knowledge.{ESTIMATOR}"),
            config={key: value for key, value in config.items() if key != "pathvars"},
        ),
    message:
        "Writing how the run was made"
    script:
        "../workflow_scripts/write_methods.py"
