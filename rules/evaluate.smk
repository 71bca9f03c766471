rule answer_zero_shot:
    input:
        lib=library("answer_zero_shot"),
        model="<results>/model",
        best="<results>/checkpoints/{checkpoint}/best",
        convergence="<results>/checkpoints/{checkpoint}/convergence",
        questions="<results>/data/questions.parquet",
    output:
        test="<results>/answers/{checkpoint}/zero_shot/test.parquet",
        train="<results>/answers/{checkpoint}/zero_shot/train.parquet",
        convergence_test="<results>/answers/{checkpoint}/zero_shot/convergence/test.parquet",
        convergence_train="<results>/answers/{checkpoint}/zero_shot/convergence/train.parquet",
    log:
        "<logs>/answer_zero_shot/{checkpoint}.log",
    benchmark:
        "<benchmarks>/answer_zero_shot/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN,
    group:
        after_training
    conda:
        "../envs/llm.yaml"
    threads: 1
    resources:
        **asking(least=30),
    params:
        **named(
            dtype=lookup("model/dtype", within=config),
            quantization=lookup("model/quantization", within=config),
            chat_template=lookup("model/chat_template", within=config),
            prompt=prompt,
            max_new_tokens=lookup("knowledge/max_new_tokens", within=config),
            torch_threads=1,
        ),
    message:
        "Asking {wildcards.checkpoint} all questions without examples, at its best and at its last epoch"
    script:
        "../workflow_scripts/answer_zero_shot.py"


use rule answer_zero_shot as answer_zero_shot_base with:
    input:
        lib=library("answer_zero_shot"),
        model="<results>/model",
        best=[],
        convergence=[],
        questions="<results>/data/questions.parquet",
    output:
        test="<results>/answers/base/zero_shot/test.parquet",
        train="<results>/answers/base/zero_shot/train.parquet",
    log:
        "<logs>/answer_zero_shot/base.log",
    benchmark:
        "<benchmarks>/answer_zero_shot/base.tsv"
    group:
        "base"
    message:
        "Asking the base model all questions without examples"


rule evaluate_checkpoint:
    input:
        lib=library("evaluate_checkpoint"),
        answers=collect(
            "<results>/answers/{{checkpoint}}/zero_shot/{part}.parquet",
            part=["test", "train", "convergence/test", "convergence/train"],
        ),
        questions="<results>/data/questions.parquet",
    output:
        # in the order of the answers
        test="<results>/evaluation/{checkpoint}/test.parquet",
        train="<results>/evaluation/{checkpoint}/train.parquet",
        convergence_test="<results>/evaluation/{checkpoint}/convergence/test.parquet",
        convergence_train="<results>/evaluation/{checkpoint}/convergence/train.parquet",
    log:
        "<logs>/evaluate_checkpoint/{checkpoint}.log",
    benchmark:
        "<benchmarks>/evaluate_checkpoint/{checkpoint}.tsv"
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
            match=lookup("data/match", within=config),
            f1_threshold=lookup("data/f1_threshold", within=config),
        ),
    message:
        "Judging the answers of {wildcards.checkpoint}"
    script:
        "../workflow_scripts/evaluate_checkpoint.py"


use rule evaluate_checkpoint as evaluate_base_model with:
    input:
        lib=library("evaluate_checkpoint"),
        answers=collect("<results>/answers/base/zero_shot/{split}.parquet", split=["test", "train"]),
        questions="<results>/data/questions.parquet",
    output:
        test="<results>/evaluation/base/test.parquet",
        train="<results>/evaluation/base/train.parquet",
    log:
        "<logs>/evaluate_checkpoint/base.log",
    benchmark:
        "<benchmarks>/evaluate_checkpoint/base.tsv"
    localrule: True
    message:
        "Judging the answers of the base model"
