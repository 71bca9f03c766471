rule evaluate_checkpoint:
    input:
        answers=gather.shards("<results>/answers/{{checkpoint}}/zero_shot/{scatteritem}.parquet"),
        questions="<results>/data/questions.parquet",
    output:
        test="<results>/evaluation/{checkpoint}/test.parquet",
        train="<results>/evaluation/{checkpoint}/train.parquet",
        last_test="<results>/evaluation/{checkpoint}/last/test.parquet",
        last_train="<results>/evaluation/{checkpoint}/last/train.parquet",
    log:
        "<logs>/evaluate_checkpoint/{checkpoint}.log",
    benchmark:
        "<benchmarks>/evaluate_checkpoint/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN_PATTERN,
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("evaluate_checkpoint"),
        **tracked_params(answer_match=config["data"]["answer_match"], f1_threshold=config["data"]["f1_threshold"]),
    message:
        "Judging the zero-shot answers of {wildcards.checkpoint}"
    script:
        "../workflow_scripts/evaluate_checkpoint.py"


use rule evaluate_checkpoint as evaluate_base_model with:
    input:
        answers=gather.shards("<results>/answers/base/zero_shot/{scatteritem}.parquet"),
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
        "Judging the zero-shot answers of the base model"
