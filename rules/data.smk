rule download_dataset:
    output:
        records="<results>/data/raw/records.jsonl",
        source="<results>/data/raw/source.json",
    log:
        "<logs>/download_dataset.log",
    benchmark:
        "<benchmarks>/download_dataset.tsv"
    # other jobs may run where there is no network
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        **tracked_code("download_dataset"),
        **tracked_params(**settings_of("data", "source", "url", "revision")),
        archive=configured_path("data", "path"),
        answer_phrases=configured_path("data", "answer_phrases"),
        content=lambda wildcards: [content("data", "path"), content("data", "answer_phrases")],
    message:
        "Fetching the questions and checking every row"
    script:
        "../workflow_scripts/download_dataset.py"


rule simulate_world:
    input:
        records=[] if is_simulated() else "<results>/data/raw/records.jsonl",
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
    resources:
        **LIGHT,
    params:
        **tracked_code("simulate_world"),
        **tracked_params(relations=config["data"]["relations"], world=config["world"]),
    message:
        "Simulating the facts of the world, the documents that state them and the questions about them"
    script:
        "../workflow_scripts/simulate_world.py"


rule prepare_questions:
    input:
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
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        **tracked_code("prepare_questions"),
        **tracked_params(
            shares=config["data"]["splits"],
            **settings_of("data", "multiple_answers", "max_answer_words", "relations", "limits", "seed"),
        ),
    message:
        "Cleaning the questions and counting what is dropped"
    script:
        "../workflow_scripts/prepare_questions.py"


rule build_prompts:
    input:
        questions="<results>/data/questions.parquet",
    output:
        prompts="<results>/data/prompts.parquet",
    log:
        "<logs>/build_prompts.log",
    benchmark:
        "<benchmarks>/build_prompts.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("build_prompts"),
        **tracked_params(**settings_of("knowledge", "exemplar_sets", "num_fewshot", "seed")),
    message:
        "Drawing the exemplars of the few-shot prompts"
    script:
        "../workflow_scripts/build_prompts.py"
