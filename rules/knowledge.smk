# what both estimators need to know of a shard
SHARD = dict(
    split=lambda wildcards: wildcards.split,
    shard=shard_number,
    shards=shard_count,
    draw=exemplar_draw,
    heldout_questions=heldout_questions,
    dtype=config["model"]["dtype"],
    quantization=config["model"]["quantization"],
    chat_template=config["model"]["chat_template"],
    seed=config["knowledge"]["seed"],
    temperature=config["knowledge"]["temperature"],
    top_k=config["knowledge"]["top_k"],
    max_new_tokens=config["knowledge"]["max_new_tokens"],
    torch_threads=1,
)
USES_VLLM = config["knowledge"]["engine"] == "vllm"


rule sample_answers:
    input:
        code=code_inputs("sample_answers", "generation.vllm" if USES_VLLM else "generation.engine"),
        model="<results>/model",
        checkpoint=own_checkpoint,
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    output:
        answers="<results>/answers/{checkpoint}/{split}/{scatteritem}.parquet",
    log:
        "<logs>/sample_answers/{checkpoint}/{split}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/sample_answers/{checkpoint}/{split}/{scatteritem}.tsv"
    conda:
        "../envs/llm.yaml"
    resources:
        **inference_resources(copies=4 if USES_VLLM else 2),
    params:
        **tracked_params(
            **SHARD,
            engine=config["knowledge"]["engine"],
            samples_per_prompt=config["knowledge"]["samples_per_prompt"],
            sampling=sampling,
        ),
    message:
        "Sampling answers of {wildcards.checkpoint}: {wildcards.split}, shard {wildcards.scatteritem}"
    script:
        "../workflow_scripts/sample_answers.py"


rule compute_likelihoods:
    input:
        code=code_inputs("compute_likelihoods", "generation.engine"),
        model="<results>/model",
        checkpoint=own_checkpoint,
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
    output:
        likelihoods="<results>/likelihoods/{checkpoint}/{split}/{scatteritem}.parquet",
    log:
        "<logs>/compute_likelihoods/{checkpoint}/{split}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/compute_likelihoods/{checkpoint}/{split}/{scatteritem}.tsv"
    conda:
        "../envs/llm.yaml"
    resources:
        **inference_resources(),
    params:
        **tracked_params(
            **SHARD,
        ),
    message:
        "Computing likelihoods under {wildcards.checkpoint}: {wildcards.split}, shard {wildcards.scatteritem}"
    script:
        "../workflow_scripts/compute_likelihoods.py"


rule categorize_knowledge:
    input:
        code=code_inputs("categorize_knowledge"),
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
        **tracked_params(
            split=lambda wildcards: wildcards.split,
            heldout_questions=heldout_questions,
            seed=config["knowledge"]["seed"],
            estimator=config["knowledge"]["estimator"],
            samples_per_prompt=config["knowledge"]["samples_per_prompt"],
            answer_match=config["data"]["answer_match"],
            f1_threshold=config["data"]["f1_threshold"],
        ),
    message:
        "Labeling the {wildcards.split} questions by how well {wildcards.checkpoint} knows them"
    script:
        "../workflow_scripts/categorize_knowledge.py"
