# Without an output the rule runs whenever it is asked for, as what was free yesterday need not be free today; and its
# page stays where a check fails. No benchmark: Snakemake counts it among the outputs.
rule plan:
    input:
        unpack(planned_model),
        lib=library("plan"),
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    log:
        "<logs>/plan.log",
    conda:
        "../envs/llm.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime=30,
        gpu=gpus,
    params:
        results=subpath(input.questions, ancestor=2),
        cores=cores,
        shards=len(gather.shards("{scatteritem}")),
        data_jobs=data_jobs(),
        outcomes=len(table_subjects()) + len(figure_subjects()) + len(WRITTEN),
        mode=mode,
        stages=planned_stages,
        trained=trained(),
        labelled=labelled(),
        finals=finals(),
        retest=lookup("evaluation/retest", within=config),
        probe_questions=lookup("evaluation/probe_questions", within=config),
        # whole sections, as nothing is made again where one of their values changes
        knowledge=lookup("knowledge", within=config),
        pretraining=lookup("pretraining", within=config),
        lora=lookup("training/lora", within=config),
        prompt=prompt,
        dtype=lookup("model/dtype", within=config),
        quantization=lookup("model/quantization", within=config),
        chat_template=lookup("model/chat_template", within=config),
        torch_threads=1,
        pretraining_threads=2,
    message:
        "Counting what the experiment will take and timing this machine"
    script:
        "../workflow_scripts/plan.py"
