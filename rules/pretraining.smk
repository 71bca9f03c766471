rule pretrain_base_model:
    input:
        lib=library("pretrain_base_model"),
        documents="<results>/world/documents.parquet",
    output:
        model=directory("<results>/model"),
        training_log="<results>/world/pretraining_log.jsonl",
    log:
        "<logs>/pretrain_base_model.log",
    benchmark:
        "<benchmarks>/pretrain_base_model.tsv"
    conda:
        "../envs/llm.yaml"
    threads: 2
    resources:
        mem_mb=again(3000),
        runtime=again(60),
        gpu=0,
    params:
        **named(
            seed=lookup("pretraining/seed", within=config),
            tokenizer=lookup("pretraining/tokenizer", within=config),
            vocabulary=lookup("pretraining/vocabulary", within=config),
            hidden_size=lookup("pretraining/hidden_size", within=config),
            layers=lookup("pretraining/layers", within=config),
            heads=lookup("pretraining/heads", within=config),
            sequence_length=lookup("pretraining/sequence_length", within=config),
            batch_size=lookup("pretraining/batch_size", within=config),
            learning_rate=lookup("pretraining/learning_rate", within=config),
            warmup_steps=lookup("pretraining/warmup_steps", within=config),
            decay_share=lookup("pretraining/decay_share", within=config),
            weight_decay=lookup("pretraining/weight_decay", within=config),
            beta2=lookup("pretraining/beta2", within=config),
            # fixed here, not by --cores: the number of threads changes the last bits of a sum
            torch_threads=2,
        ),
    message:
        "Pretraining the base model on the documents of the world"
    script:
        "../workflow_scripts/pretrain_base_model.py"


rule recall_statements:
    input:
        lib=library("recall_statements"),
        model="<results>/model",
        facts="<results>/world/facts.parquet",
    output:
        recall="<results>/world/recall.parquet",
    log:
        "<logs>/recall_statements.log",
    benchmark:
        "<benchmarks>/recall_statements.tsv"
    group:
        "base"
    conda:
        "../envs/llm.yaml"
    threads: 1
    resources:
        **asking(least=30),
    params:
        **named(
            dtype=lookup("model/dtype", within=config),
            max_new_tokens=lookup("knowledge/max_new_tokens", within=config),
            torch_threads=1,
        ),
    message:
        "Asking the base model to complete a statement of every fact"
    script:
        "../workflow_scripts/recall_statements.py"
