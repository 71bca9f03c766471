rule answer_zero_shot:
    input:
        code=code_inputs("answer_zero_shot"),
        model="<results>/model",
        best="<results>/checkpoints/{checkpoint}/best",
        last="<results>/checkpoints/{checkpoint}/last",
        questions="<results>/data/questions.parquet",
    output:
        test="<results>/answers/{checkpoint}/zero_shot/test.parquet",
        train="<results>/answers/{checkpoint}/zero_shot/train.parquet",
        last_test="<results>/answers/{checkpoint}/zero_shot/last/test.parquet",
        last_train="<results>/answers/{checkpoint}/zero_shot/last/train.parquet",
    log:
        "<logs>/answer_zero_shot/{checkpoint}.log",
    benchmark:
        "<benchmarks>/answer_zero_shot/{checkpoint}.tsv"
    wildcard_constraints:
        checkpoint=CHAIN_PATTERN,
    conda:
        "../envs/llm.yaml"
    resources:
        **inference_resources(least=30),
    params:
        **tracked_params(
            dtype=config["model"]["dtype"],
            quantization=config["model"]["quantization"],
            chat_template=config["model"]["chat_template"],
            prompt=prompt,
            max_new_tokens=config["knowledge"]["max_new_tokens"],
            torch_threads=1,
        ),
    message:
        "Answering all questions zero-shot with {wildcards.checkpoint}, at its best and its last epoch"
    script:
        "../workflow_scripts/answer_zero_shot.py"


use rule answer_zero_shot as answer_zero_shot_base with:
    input:
        code=code_inputs("answer_zero_shot"),
        model="<results>/model",
        best=[],
        last=[],
        questions="<results>/data/questions.parquet",
    output:
        test="<results>/answers/base/zero_shot/test.parquet",
        train="<results>/answers/base/zero_shot/train.parquet",
    log:
        "<logs>/answer_zero_shot/base.log",
    benchmark:
        "<benchmarks>/answer_zero_shot/base.tsv"
    message:
        "Answering all questions zero-shot with the base model"


rule evaluate_checkpoint:
    input:
        code=code_inputs("evaluate_checkpoint"),
        answers=collect(
            "<results>/answers/{{checkpoint}}/zero_shot/{part}.parquet",
            part=["test", "train", "last/test", "last/train"],
        ),
        questions="<results>/data/questions.parquet",
    output:
        # in the order of the answers
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
        **tracked_params(
            answer_match=config["data"]["answer_match"],
            f1_threshold=config["data"]["f1_threshold"],
        ),
    message:
        "Judging the zero-shot answers of {wildcards.checkpoint}"
    script:
        "../workflow_scripts/evaluate_checkpoint.py"


use rule evaluate_checkpoint as evaluate_base_model with:
    input:
        code=code_inputs("evaluate_checkpoint"),
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
        "Judging the zero-shot answers of the base model"
