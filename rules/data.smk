rule download_dataset:
    input:
        lib=library("download_dataset"),
        archive=archive,
        phrases=phrases,
    output:
        records="<results>/data/raw/records.jsonl",
        source="<results>/data/raw/source.json",
    log:
        "<logs>/download_dataset.log",
    benchmark:
        "<benchmarks>/download_dataset.tsv"
    # the network may be out of reach where other jobs run
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        **named(
            source=lookup("data/source", within=config),
            address=lookup("data/address", within=config),
            revision=lookup("data/revision", within=config),
        ),
    message:
        "Getting the questions and checking every row"
    script:
        "../workflow_scripts/download_dataset.py"


rule simulate_world:
    input:
        lib=library("simulate_world"),
        records=real_records(),
    output:
        facts="<results>/world/facts.parquet",
        documents="<results>/world/documents.parquet",
        questions="<results>/world/questions.jsonl",
    log:
        "<logs>/simulate_world.log",
    benchmark:
        "<benchmarks>/simulate_world.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            seed=lookup("world/seed", within=config),
            relations=lookup("data/relations", within=config),
            people=lookup("world/people", within=config),
            facts_per_relation=lookup("world/facts_per_relation", within=config),
            templates=lookup("world/templates", within=config),
            exposure_minimum=lookup("world/exposure/minimum", within=config),
            exposure_maximum=lookup("world/exposure/maximum", within=config),
            exposure_jitter=lookup("world/exposure/jitter", within=config),
            taught_share=lookup("world/taught/share", within=config),
            taught_most_exposed=lookup("world/taught/most_exposed", within=config),
            opening_subjects=lookup("world/opening/subjects", within=config),
            opening_share=lookup("world/opening/share", within=config),
            shares=lookup("world/splits", within=config),
        ),
    message:
        "Making the facts of the world, the documents that state them and the questions that ask for them"
    script:
        "../workflow_scripts/simulate_world.py"


rule prepare_questions:
    input:
        lib=library("prepare_questions"),
        records=question_records(),
    output:
        questions="<results>/data/questions.parquet",
        dropped="<results>/data/dropped.tsv",
    log:
        "<logs>/prepare_questions.log",
    benchmark:
        "<benchmarks>/prepare_questions.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        **named(
            multiple_answers=lookup("data/multiple_answers", within=config),
            max_answer_words=lookup("data/max_answer_words", within=config),
            shares=lookup("data/splits", within=config),
            relations=lookup("data/relations", within=config),
            limits=lookup("data/limits", within=config),
            seed=lookup("data/seed", within=config),
        ),
    message:
        "Cleaning the questions and counting what is dropped"
    script:
        "../workflow_scripts/prepare_questions.py"


rule draw_prompts:
    input:
        lib=library("draw_prompts"),
        questions="<results>/data/questions.parquet",
    output:
        prompts="<results>/data/prompts.parquet",
    log:
        "<logs>/draw_prompts.log",
    benchmark:
        "<benchmarks>/draw_prompts.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            sets=lookup("knowledge/exemplar_sets", within=config),
            shots=lookup("knowledge/shots", within=config),
            seed=lookup("knowledge/seed", within=config),
        ),
    message:
        "Drawing the solved questions of the few-shot prompts"
    script:
        "../workflow_scripts/draw_prompts.py"
