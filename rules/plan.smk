# Without an output the rule runs whenever it is requested, as free memory and disk change, and its page survives a
# failed check. It has no benchmark, since Snakemake counts that as an output.
rule plan:
    input:
        documents="<results>/world/documents.parquet" if is_pretrained() else [],
        facts="<results>/world/facts.parquet" if is_pretrained() else [],
        model_config=[] if is_pretrained() else "<results>/plan/model",
        model_source=[] if is_pretrained() else "<results>/plan/model_source.json",
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    log:
        "<logs>/plan.log",
    conda:
        "../envs/llm.yaml"
    threads: PRETRAINING_THREADS
    resources:
        mem_mb=8000,
        runtime=30,
        gpu=gpus,
    params:
        **tracked_code("plan", "generation.engine"),
        **tracked_params(
            config={key: value for key, value in config.items() if key != "pathvars"},
            results=lambda wildcards: workflow.pathvars.apply("<results>"),
            cores=lambda wildcards: workflow.resource_settings.cores or 1,
            shards=len(gather.shards("{scatteritem}")),
            sampling=sampling_mode(config),
            subjects=[*TABLES, *FIGURES],
            torch_threads=1,
            pretraining_threads=PRETRAINING_THREADS,
        ),
    message:
        "Estimating the cost of the experiment and timing this machine"
    script:
        "../workflow_scripts/plan.py"
