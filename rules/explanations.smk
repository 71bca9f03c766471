rule tabulate_exposure:
    input:
        lib=library("tabulate_exposure"),
        facts="<results>/world/facts.parquet",
        recall="<results>/world/recall.parquet",
        knowledge="<results>/categories/base/train.parquet",
    output:
        table="<results>/tables/exposure.tsv",
    log:
        "<logs>/tabulate_exposure.log",
    benchmark:
        "<benchmarks>/tabulate_exposure.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        confidence=lookup("evaluation/confidence", within=config),
    message:
        "Tabulating categories by exposure in pretraining"
    script:
        "../workflow_scripts/tabulate_exposure.py"


rule tabulate_recall:
    input:
        lib=library("tabulate_recall"),
        recall="<results>/world/recall.parquet",
        train="<results>/categories/base/train.parquet",
        test="<results>/categories/base/test.parquet",
    output:
        table="<results>/tables/recall.tsv",
    log:
        "<logs>/tabulate_recall.log",
    benchmark:
        "<benchmarks>/tabulate_recall.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Tabulating the recall of statements by category"
    script:
        "../workflow_scripts/tabulate_recall.py"


rule tabulate_newly_known:
    input:
        lib=library("tabulate_newly_known"),
        facts="<results>/world/facts.parquet",
        base_train="<results>/categories/base/train.parquet",
        base_probe="<results>/categories/base/probe.parquet",
        train=knowledge_of("train"),
        probe=knowledge_of("probe"),
        retest=retest_knowledge(),
    output:
        table="<results>/tables/newly_known.tsv",
    log:
        "<logs>/tabulate_newly_known.log",
    benchmark:
        "<benchmarks>/tabulate_newly_known.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=labelled(),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Tabulating what became known by exposure in pretraining"
    script:
        "../workflow_scripts/tabulate_newly_known.py"


rule tabulate_sharing:
    input:
        lib=library("tabulate_sharing"),
        questions="<results>/data/questions.parquet",
        base_train="<results>/categories/base/train.parquet",
        base_probe="<results>/categories/base/probe.parquet",
        train=knowledge_of("train"),
        probe=knowledge_of("probe"),
        data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=labelled()),
    output:
        table="<results>/tables/sharing.tsv",
    log:
        "<logs>/tabulate_sharing.log",
    benchmark:
        "<benchmarks>/tabulate_sharing.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=labelled(),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Tabulating which upgraded questions share entities with trained ones"
    script:
        "../workflow_scripts/tabulate_sharing.py"


rule tabulate_examples:
    input:
        lib=library("tabulate_examples"),
        questions="<results>/data/questions.parquet",
        known_train_base="<results>/categories/base/train.parquet",
        known_probe_base="<results>/categories/base/probe.parquet",
        known_train=knowledge_of("train"),
        known_probe=knowledge_of("probe"),
        train_base="<results>/evaluation/base/train.parquet",
        test_base="<results>/evaluation/base/test.parquet",
        train=evaluations("train"),
        test=evaluations("test"),
        data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=labelled()),
    output:
        table="<results>/tables/examples.tsv",
    log:
        "<logs>/tabulate_examples.log",
    benchmark:
        "<benchmarks>/tabulate_examples.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            labelled=labelled(),
            finals=finals(),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
        ),
    message:
        "Choosing questions that were upgraded or forgotten"
    script:
        "../workflow_scripts/tabulate_examples.py"
