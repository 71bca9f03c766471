# fixed, whatever --cores says: the number of threads changes the last bits of a sum
PRETRAINING_THREADS = 2


if is_pretrained():

    rule pretrain_base_model:
        input:
            documents="<results>/world/documents.parquet",
        output:
            model=directory("<results>/model"),
            source="<results>/model_source.json",
            training_log="<results>/world/pretraining_log.jsonl",
        log:
            "<logs>/pretrain_base_model.log",
        benchmark:
            "<benchmarks>/pretrain_base_model.tsv"
        conda:
            "../envs/llm.yaml"
        threads: PRETRAINING_THREADS
        resources:
            mem_mb=per_attempt(3000),
            runtime=per_attempt(60),
            gpu=0,
        params:
            **tracked_code("pretrain_base_model"),
            **tracked_params(**config["pretraining"], torch_threads=PRETRAINING_THREADS),
        message:
            "Pretraining the base model on the documents of the world"
        script:
            "../workflow_scripts/pretrain_base_model.py"

    rule measure_fact_recall:
        input:
            **base_model(),
            facts="<results>/world/facts.parquet",
        output:
            recall="<results>/world/recall.parquet",
        log:
            "<logs>/measure_fact_recall.log",
        benchmark:
            "<benchmarks>/measure_fact_recall.tsv"
        conda:
            "../envs/llm.yaml"
        resources:
            **inference_resources(least=30),
        params:
            **tracked_code("measure_fact_recall"),
            **tracked_params(
                **settings_of("model", "dtype"), **settings_of("knowledge", "max_new_tokens"), torch_threads=1
            ),
        message:
            "Completing a statement of every fact with the base model"
        script:
            "../workflow_scripts/measure_fact_recall.py"

else:

    rule fetch_base_model:
        output:
            model=directory("<results>/model"),
            source="<results>/model_source.json",
        log:
            "<logs>/fetch_base_model.log",
        benchmark:
            "<benchmarks>/fetch_base_model.tsv"
        # other jobs may run where there is no network
        localrule: True
        conda:
            "../envs/llm.yaml"
        resources:
            mem_mb=2000,
            runtime=240,
            # a resource, as it changes no file: a param would fetch the model again
            chat_template=int(config["model"]["chat_template"]),
        params:
            **tracked_code("fetch_base_model"),
            **tracked_params(**settings_of("model", "source", "name", "revision", "gguf_file"), weights=True),
            path=configured_path("model", "path"),
            content=lambda wildcards: content("model", "path"),
        message:
            "Fetching the base model and checking that it is complete"
        script:
            "../workflow_scripts/fetch_base_model.py"

    use rule fetch_base_model as fetch_model_config with:
        output:
            model=directory("<results>/plan/model"),
            source="<results>/plan/model_source.json",
        log:
            "<logs>/fetch_model_config.log",
        benchmark:
            "<benchmarks>/fetch_model_config.tsv"
        localrule: True
        params:
            **tracked_params(
                **settings_of("model", "source", "name", "revision", "gguf_file"),
                weights=False,
            ),
        message:
            "Fetching the configuration and the tokenizer of the base model, without its weights"
