# how a shard is asked, whether answers are sampled or scored
ASKED = dict(
    split="{split}",
    shard=shard,
    shards=shards,
    draw=draw,
    dtype=lookup("model/dtype", within=config),
    quantization=lookup("model/quantization", within=config),
    chat_template=lookup("model/chat_template", within=config),
    seed=lookup("knowledge/seed", within=config),
    temperature=lookup("knowledge/temperature", within=config),
    top_k=lookup("knowledge/top_k", within=config),
    max_new_tokens=lookup("knowledge/max_new_tokens", within=config),
    probe_questions=probe_questions,
    torch_threads=1,
)


rule sample_answers:
    input:
        lib=library("sample_answers"),
        model="<results>/model",
        checkpoint=adapter,
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        before=ancient(asked_before),
    output:
        answers="<results>/answers/{checkpoint}/{split}/{scatteritem}.parquet",
    log:
        "<logs>/sample_answers/{checkpoint}/{split}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/sample_answers/{checkpoint}/{split}/{scatteritem}.tsv"
    group:
        asked_together
    conda:
        "../envs/llm.yaml"
    threads: 1
    resources:
        **asking(copies=4 if config["knowledge"]["engine"] == "vllm" else 2),
    params:
        **named(
            **ASKED,
            engine=lookup("knowledge/engine", within=config),
            samples=lookup("knowledge/samples", within=config),
            mode=mode,
        ),
    message:
        "Asking {wildcards.checkpoint} the {wildcards.split} questions, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/sample_answers.py"


rule score_answers:
    input:
        lib=library("score_answers"),
        model="<results>/model",
        checkpoint=adapter,
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        before=ancient(asked_before),
    output:
        likelihoods="<results>/likelihoods/{checkpoint}/{split}/{scatteritem}.parquet",
    log:
        "<logs>/score_answers/{checkpoint}/{split}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/score_answers/{checkpoint}/{split}/{scatteritem}.tsv"
    group:
        asked_together
    conda:
        "../envs/llm.yaml"
    threads: 1
    resources:
        **asking(),
    params:
        **named(
            **ASKED,
            engine="native",
        ),
    message:
        "Scoring {wildcards.checkpoint} on the {wildcards.split} questions, part {wildcards.scatteritem}"
    script:
        "../workflow_scripts/score_answers.py"


rule categorize_knowledge:
    input:
        lib=library("categorize_knowledge"),
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
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            split="{split}",
            probe_questions=probe_questions,
            seed=lookup("knowledge/seed", within=config),
            estimator=lookup("knowledge/estimator", within=config),
            samples=lookup("knowledge/samples", within=config),
            match=lookup("data/match", within=config),
            f1_threshold=lookup("data/f1_threshold", within=config),
        ),
    message:
        "Sorting the {wildcards.split} questions by what {wildcards.checkpoint} knows"
    script:
        "../workflow_scripts/categorize_knowledge.py"
