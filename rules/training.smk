# settings of training that a stage may override
OVERRIDABLE = (
    "method",
    "batch_size",
    "num_train_epochs",
    "early_stopping_patience",
    "max_steps",
    "weight_decay",
    "warmup_ratio",
    "lr_scheduler_type",
)


rule select_training_data:
    input:
        questions="<results>/data/questions.parquet",
        current=parent_knowledge,
        at_base="<results>/categories/base/train.parquet",
    output:
        data="<results>/training_data/{checkpoint}.jsonl",
        formula="<results>/training_data/{checkpoint}.md",
    log:
        "<logs>/select_training_data/{checkpoint}.log",
    benchmark:
        "<benchmarks>/select_training_data/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN_PATTERN,
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("select_training_data"),
        **tracked_params(name=stage_name, stage=stage_selection, match_size_of=matched_selection, seed=seed),
    message:
        "Selecting the training questions of {wildcards.checkpoint}"
    script:
        "../workflow_scripts/select_training_data.py"


rule finetune:
    input:
        unpack(parent_checkpoint),
        **base_model(),
        data="<results>/training_data/{checkpoint}.jsonl",
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        sibling=sibling_summary,
    output:
        best=directory("<results>/checkpoints/{checkpoint}/best"),
        last=directory("<results>/checkpoints/{checkpoint}/last"),
        training_log="<results>/checkpoints/{checkpoint}/training_log.jsonl",
        summary="<results>/checkpoints/{checkpoint}/summary.json",
    log:
        "<logs>/finetune/{checkpoint}.log",
    benchmark:
        "<benchmarks>/finetune/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN_PATTERN,
    conda:
        "../envs/llm.yaml"
    threads: PROCESSES_PER_NODE
    resources:
        **training_resources(),
    params:
        **tracked_code("finetune"),
        **tracked_params(
            seed=seed,
            **settings_of("model", "dtype", "quantization", "chat_template"),
            prompt=prompt,
            learning_rate=learning_rate,
            **{key: setting(key) for key in OVERRIDABLE},
            **config["training"]["lora"],
            **config["training"]["parallel"],
            gradient_accumulation_steps=config["training"]["gradient_accumulation_steps"],
            max_new_tokens=config["knowledge"]["max_new_tokens"],
            torch_threads=1,
        ),
    message:
        "Fine-tuning {wildcards.checkpoint}"
    script:
        "../workflow_scripts/finetune.py"
