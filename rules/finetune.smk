rule select_training_data:
    input:
        lib=library("select_training_data"),
        questions="<results>/data/questions.parquet",
        now=parent_knowledge,
        at_base="<results>/categories/base/train.parquet",
    output:
        data="<results>/training_data/{checkpoint}.jsonl",
        formula="<results>/training_data/{checkpoint}.md",
    log:
        "<logs>/select_training_data/{checkpoint}.log",
    benchmark:
        "<benchmarks>/select_training_data/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN,
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            name=stage_name,
            stage=stage_selection,
            size_of=matched_selection,
            seed=seed,
        ),
    message:
        "Selecting the training questions of {wildcards.checkpoint}"
    script:
        "../workflow_scripts/select_training_data.py"


rule finetune:
    input:
        lib=library("finetune"),
        model="<results>/model",
        parent=parent_adapter,
        data="<results>/training_data/{checkpoint}.jsonl",
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        sibling=sibling_summary,
    output:
        best=directory("<results>/checkpoints/{checkpoint}/best"),
        convergence=directory("<results>/checkpoints/{checkpoint}/convergence"),
        training_log="<results>/checkpoints/{checkpoint}/training_log.jsonl",
        summary="<results>/checkpoints/{checkpoint}/summary.json",
    log:
        "<logs>/finetune/{checkpoint}.log",
    benchmark:
        "<benchmarks>/finetune/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN,
    group:
        together
    conda:
        "../envs/llm.yaml"
    threads: processes_on_a_node()
    resources:
        nodes=shared("nodes"),
        tasks=tasks,
        mem_mb=training_mb,
        runtime=model_minutes(),
        models=1,
        batch_tokens=lookup("knowledge/batch_tokens", within=config),
        gpu=training_gpus,
        gres=training_gres,
    params:
        **named(
            seed=seed,
            dtype=lookup("model/dtype", within=config),
            quantization=lookup("model/quantization", within=config),
            chat_template=lookup("model/chat_template", within=config),
            method=setting("method"),
            prompt=prompt,
            learning_rate=learning_rate,
            batch_size=setting("batch_size"),
            max_epochs=setting("max_epochs"),
            patience=setting("patience"),
            weight_decay=setting("weight_decay"),
            warmup_ratio=setting("warmup_ratio"),
            schedule=setting("schedule"),
            rank=lookup("training/lora/rank", within=config),
            alpha=lookup("training/lora/alpha", within=config),
            dropout=lookup("training/lora/dropout", within=config),
            processes=lookup("training/parallel/processes", within=config),
            nodes=lookup("training/parallel/nodes", within=config),
            sharded=lookup("training/parallel/sharded", within=config),
            accumulation=lookup("training/parallel/accumulation", within=config),
            max_new_tokens=lookup("knowledge/max_new_tokens", within=config),
            torch_threads=1,
        ),
    message:
        "Fine-tuning {wildcards.checkpoint}"
    script:
        "../workflow_scripts/finetune.py"
