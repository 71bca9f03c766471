FEW_SHOT_MODULES = ["generation.vllm" if USES_VLLM else "generation.engine", f"knowledge.{ESTIMATOR}"]

SPLIT = dict(split=lambda wildcards: wildcards.split, heldout_questions=heldout_questions)

# of all rules that query a model
QUERY = dict(
    shard=shard_number,
    shards=shard_count,
    **settings_of("model", "dtype", "quantization", "chat_template"),
    max_new_tokens=config["knowledge"]["max_new_tokens"],
    torch_threads=1,
)
FEW_SHOT_QUERY = dict(
    **QUERY,
    **settings_of("knowledge", "seed", "temperature", "top_k", "estimator"),
)
if ESTIMATOR == "sampling":
    FEW_SHOT_QUERY |= dict(**settings_of("knowledge", "engine", "samples_per_prompt"), sampling=sampling_mode(config))


rule answer_few_shot:
    input:
        unpack(own_checkpoint),
        **base_model(),
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    output:
        few_shot=f"<results>/{FEW_SHOT_FOLDER}/{{checkpoint}}/{{split}}/{{scatteritem}}.parquet",
    log:
        "<logs>/answer_few_shot/{checkpoint}/{split}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/answer_few_shot/{checkpoint}/{split}/{scatteritem}.tsv"
    wildcard_constraints:
        checkpoint=QUERIED_APART,
    conda:
        "../envs/llm.yaml"
    resources:
        **inference_resources(copies=4 if USES_VLLM else 2),
    params:
        **tracked_code("answer_few_shot", *FEW_SHOT_MODULES),
        **tracked_params(**FEW_SHOT_QUERY, **SPLIT, draw=exemplar_draw),
    message:
        "Answering few-shot with {wildcards.checkpoint}: {wildcards.split}, shard {wildcards.scatteritem}"
    script:
        "../workflow_scripts/answer_few_shot.py"


rule answer_zero_shot:
    input:
        unpack(both_epochs),
        **base_model(),
        questions="<results>/data/questions.parquet",
    output:
        zero_shot="<results>/answers/{checkpoint}/zero_shot/{scatteritem}.parquet",
    log:
        "<logs>/answer_zero_shot/{checkpoint}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/answer_zero_shot/{checkpoint}/{scatteritem}.tsv"
    wildcard_constraints:
        checkpoint=QUERIED_APART,
    conda:
        "../envs/llm.yaml"
    resources:
        **inference_resources(least=30),
    params:
        **tracked_code("answer_zero_shot", "generation.engine"),
        **tracked_params(**QUERY, split="at_base", prompt=prompt),
    message:
        "Answering zero-shot with {wildcards.checkpoint}, shard {wildcards.scatteritem}"
    script:
        "../workflow_scripts/answer_zero_shot.py"


rule query_checkpoint:
    input:
        unpack(both_epochs),
        **base_model(),
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    output:
        few_shot=f"<results>/{FEW_SHOT_FOLDER}/{{checkpoint}}/after_stage/{{scatteritem}}.parquet",
        zero_shot="<results>/answers/{checkpoint}/zero_shot/{scatteritem}.parquet",
    log:
        "<logs>/query_checkpoint/{checkpoint}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/query_checkpoint/{checkpoint}/{scatteritem}.tsv"
    wildcard_constraints:
        checkpoint=QUERIED_TOGETHER,
    conda:
        "../envs/llm.yaml"
    resources:
        **inference_resources(),
    params:
        **tracked_code("query_checkpoint", *FEW_SHOT_MODULES),
        **tracked_params(**FEW_SHOT_QUERY, split="after_stage", draw=0, heldout_questions=HELDOUT, prompt=prompt),
    message:
        "Answering few-shot and zero-shot with {wildcards.checkpoint}, shard {wildcards.scatteritem}"
    script:
        "../workflow_scripts/query_checkpoint.py"


rule categorize_knowledge:
    input:
        answers=gathered_answers,
        questions="<results>/data/questions.parquet",
    output:
        knowledge="<results>/categories/{checkpoint}/{split}.parquet",
    log:
        "<logs>/categorize_knowledge/{checkpoint}/{split}.log",
    benchmark:
        "<benchmarks>/categorize_knowledge/{checkpoint}/{split}.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("categorize_knowledge"),
        **tracked_params(
            **SPLIT,
            **settings_of("knowledge", "seed", "estimator", "samples_per_prompt"),
            **settings_of("data", "answer_match", "f1_threshold"),
        ),
    message:
        "Labeling the {wildcards.split} questions by how well {wildcards.checkpoint} knows them"
    script:
        "../workflow_scripts/categorize_knowledge.py"
