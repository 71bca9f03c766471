rule fetch_base_model:
    input:
        lib=library("fetch_base_model"),
        folder=model_folder,
    output:
        model=directory("<results>/model"),
        source="<results>/model_source.json",
    log:
        "<logs>/fetch_base_model.log",
    benchmark:
        "<benchmarks>/fetch_base_model.tsv"
    # the network may be out of reach where other jobs run
    localrule: True
    conda:
        "../envs/llm.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        **named(
            source=lookup("model/source", within=config),
            name=lookup("model/name", within=config),
            revision=lookup("model/revision", within=config),
            weights=True,
        ),
    message:
        "Getting the base model and checking that it is whole"
    script:
        "../workflow_scripts/fetch_base_model.py"


use rule fetch_base_model as fetch_model_outline with:
    output:
        model=directory("<results>/plan/outline"),
        source="<results>/plan/model_source.json",
    log:
        "<logs>/fetch_model_outline.log",
    benchmark:
        "<benchmarks>/fetch_model_outline.tsv"
    localrule: True
    params:
        **named(
            source=lookup("model/source", within=config),
            name=lookup("model/name", within=config),
            revision=lookup("model/revision", within=config),
            weights=False,
        ),
    message:
        "Getting the configuration and the tokenizer of the base model, without its weights"
