CARD_TABLES = ("accuracy", "comparisons", "forgetting", "training_data")


# not among the files of rule all: a copy of the model for each strategy that somebody wants
rule export_model:
    input:
        **base_model(),
        finals=exported("<results>/checkpoints/%s/best", ancient),
        evaluations=exported("<results>/evaluation/%s/test.parquet"),
        summaries=exported_summaries,
        data_source=[] if is_simulated() else "<results>/data/raw/source.json",
        questions="<results>/data/questions.parquet",
        tables=table_files(CARD_TABLES),
    output:
        model=directory("<results>/models/{strategy}"),
    log:
        "<logs>/export_model/{strategy}.log",
    benchmark:
        "<benchmarks>/export_model/{strategy}.tsv"
    wildcard_constraints:
        strategy="[^/]+",
    conda:
        "../envs/llm.yaml"
    resources:
        mem_mb=model_mb(),
        runtime=model_minutes(),
        gpu=0,
    params:
        **tracked_code("export_model"),
        **tracked_params(
            strategy=lambda wildcards: wildcards.strategy,
            chain=exported_chain,
            stages=exported_stages,
            seeds=config["seeds"],
            format=config["export"]["format"],
            model=config["model"],
            data=config["data"]["source"],
            prompt=prompt,
            max_new_tokens=config["knowledge"]["max_new_tokens"],
            confidence_level=config["evaluation"]["confidence_level"],
            torch_threads=1,
        ),
    message:
        "Exporting the model of {wildcards.strategy}"
    script:
        "../workflow_scripts/export_model.py"


rule export_knowledge:
    input:
        questions="<results>/data/questions.parquet",
        base_train="<results>/categories/base/train.parquet",
        base_test="<results>/categories/base/test.parquet",
        train=knowledge_of("train"),
        heldout=knowledge_of("heldout"),
    output:
        knowledge="<results>/knowledge.parquet",
    log:
        "<logs>/export_knowledge.log",
    benchmark:
        "<benchmarks>/export_knowledge.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("export_knowledge"),
        **tracked_params(checkpoints=RELABELED),
    message:
        "Joining all questions with their labels"
    script:
        "../workflow_scripts/export_knowledge.py"


rule export_lm_eval_tasks:
    input:
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    output:
        tasks=directory("<results>/lm_eval"),
    log:
        "<logs>/export_lm_eval_tasks.log",
    benchmark:
        "<benchmarks>/export_lm_eval_tasks.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("export_lm_eval_tasks"),
        **tracked_params(
            prompt=prompt,
            heldout_questions=HELDOUT,
            **settings_of("knowledge", "max_new_tokens", "seed"),
            **settings_of("data", "answer_match", "f1_threshold"),
        ),
    message:
        "Writing the questions and prompts as tasks of lm-evaluation-harness"
    script:
        "../workflow_scripts/export_lm_eval_tasks.py"
