rule tabulate_accuracy:
    input:
        lib=library("tabulate_accuracy"),
        known="<results>/categories/base/test.parquet",
        base="<results>/evaluation/base/test.parquet",
        best=evaluations("test"),
        convergence=evaluations("test", "convergence"),
    output:
        table="<results>/tables/accuracy.tsv",
    log:
        "<logs>/tabulate_accuracy.log",
    benchmark:
        "<benchmarks>/tabulate_accuracy.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=finals(),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Tabulating the accuracy on the test questions"
    script:
        "../workflow_scripts/tabulate_accuracy.py"


rule tabulate_comparisons:
    input:
        lib=library("tabulate_comparisons"),
        known="<results>/categories/base/test.parquet",
        base="<results>/evaluation/base/test.parquet",
        best=evaluations("test"),
    output:
        table="<results>/tables/comparisons.tsv",
    log:
        "<logs>/tabulate_comparisons.log",
    benchmark:
        "<benchmarks>/tabulate_comparisons.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=finals(),
            comparisons=lookup("comparisons", within=config),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Comparing pairs of strategies question by question"
    script:
        "../workflow_scripts/tabulate_comparisons.py"


rule tabulate_relations:
    input:
        lib=library("tabulate_relations"),
        known="<results>/categories/base/test.parquet",
        base="<results>/evaluation/base/test.parquet",
        best=evaluations("test"),
    output:
        table="<results>/tables/relations.tsv",
    log:
        "<logs>/tabulate_relations.log",
    benchmark:
        "<benchmarks>/tabulate_relations.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=finals(),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Tabulating the accuracy on the test questions by relation"
    script:
        "../workflow_scripts/tabulate_relations.py"


rule tabulate_arms:
    input:
        lib=library("tabulate_arms"),
        known="<results>/categories/base/test.parquet",
        base="<results>/evaluation/base/test.parquet",
        best=collect("<results>/evaluation/{checkpoint}/test.parquet", checkpoint=arm_checkpoints()),
        convergence=collect("<results>/evaluation/{checkpoint}/convergence/test.parquet", checkpoint=arm_checkpoints()),
    output:
        table="<results>/tables/arms.tsv",
    log:
        "<logs>/tabulate_arms.log",
    benchmark:
        "<benchmarks>/tabulate_arms.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=arm_checkpoints(),
            arms=lookup("evaluation/arms", within=config),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Ranking the arms beside those of Gekhman et al. 2024"
    script:
        "../workflow_scripts/tabulate_arms.py"


rule tabulate_forgetting:
    input:
        lib=library("tabulate_forgetting"),
        test_known="<results>/categories/base/test.parquet",
        test_base="<results>/evaluation/base/test.parquet",
        test_best=evaluations("test"),
        test_convergence=evaluations("test", "convergence"),
        test_labelled_base="<results>/categories/base/probe.parquet",
        test_labels=knowledge_of("probe"),
        train_known="<results>/categories/base/train.parquet",
        train_base="<results>/evaluation/base/train.parquet",
        train_best=evaluations("train"),
        train_convergence=evaluations("train", "convergence"),
        train_labelled_base="<results>/categories/base/train.parquet",
        train_labels=knowledge_of("train"),
        retest=retest_knowledge(),
    output:
        table="<results>/tables/forgetting.tsv",
    log:
        "<logs>/tabulate_forgetting.log",
    benchmark:
        "<benchmarks>/tabulate_forgetting.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            checkpoints=finals(),
            labelled=labelled(),
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
            bootstrap=lookup("evaluation/bootstrap", within=config),
            confidence=lookup("evaluation/confidence", within=config),
            seed=lookup("evaluation/seed", within=config),
        ),
    message:
        "Tabulating what each strategy forgets"
    script:
        "../workflow_scripts/tabulate_forgetting.py"


rule tabulate_knowledge_gain:
    input:
        lib=library("tabulate_knowledge_gain"),
        base_train="<results>/categories/base/train.parquet",
        base_probe="<results>/categories/base/probe.parquet",
        train=knowledge_of("train"),
        probe=knowledge_of("probe"),
        retest=retest_knowledge(),
    output:
        table="<results>/tables/knowledge_gain.tsv",
    log:
        "<logs>/tabulate_knowledge_gain.log",
    benchmark:
        "<benchmarks>/tabulate_knowledge_gain.tsv"
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
        "Tabulating the questions that become HighlyKnown"
    script:
        "../workflow_scripts/tabulate_knowledge_gain.py"


rule tabulate_categories:
    input:
        lib=library("tabulate_categories"),
        base_test="<results>/categories/base/test.parquet",
        base_train="<results>/categories/base/train.parquet",
        base_probe="<results>/categories/base/probe.parquet",
        train=knowledge_of("train"),
        probe=knowledge_of("probe"),
    output:
        table="<results>/tables/categories.tsv",
    log:
        "<logs>/tabulate_categories.log",
    benchmark:
        "<benchmarks>/tabulate_categories.tsv"
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
        "Tabulating the shares of the four categories"
    script:
        "../workflow_scripts/tabulate_categories.py"


rule tabulate_transitions:
    input:
        lib=library("tabulate_transitions"),
        base_train="<results>/categories/base/train.parquet",
        base_probe="<results>/categories/base/probe.parquet",
        train=knowledge_of("train"),
        probe=knowledge_of("probe"),
        retest=retest_knowledge(),
    output:
        table="<results>/tables/transitions.tsv",
    log:
        "<logs>/tabulate_transitions.log",
    benchmark:
        "<benchmarks>/tabulate_transitions.tsv"
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
        ),
    message:
        "Tabulating how questions move between categories"
    script:
        "../workflow_scripts/tabulate_transitions.py"


rule tabulate_learning_curves:
    input:
        lib=library("tabulate_learning_curves"),
        logs=collect("<results>/checkpoints/{checkpoint}/training_log.jsonl", checkpoint=trained()),
        summaries=collect("<results>/checkpoints/{checkpoint}/summary.json", checkpoint=trained()),
    output:
        table="<results>/tables/learning_curves.tsv",
    log:
        "<logs>/tabulate_learning_curves.log",
    benchmark:
        "<benchmarks>/tabulate_learning_curves.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        checkpoints=trained(),
    message:
        "Tabulating the learning curves"
    script:
        "../workflow_scripts/tabulate_learning_curves.py"


rule tabulate_training_data:
    input:
        lib=library("tabulate_training_data"),
        data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=trained()),
        formulas=collect("<results>/training_data/{checkpoint}.md", checkpoint=trained()),
    output:
        table="<results>/tables/training_data.tsv",
    log:
        "<logs>/tabulate_training_data.log",
    benchmark:
        "<benchmarks>/tabulate_training_data.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        checkpoints=trained(),
    message:
        "Tabulating what each stage trained on"
    script:
        "../workflow_scripts/tabulate_training_data.py"


rule tabulate_cost:
    input:
        lib=library("tabulate_cost"),
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        files=[file for *_, file in counted_parts()],
    output:
        table="<results>/tables/cost.tsv",
    log:
        "<logs>/tabulate_cost.log",
    benchmark:
        "<benchmarks>/tabulate_cost.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            parts=[part for *part, _ in counted_parts()],
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
        ),
    message:
        "Counting what every strategy cost"
    script:
        "../workflow_scripts/tabulate_cost.py"


rule tabulate_time:
    input:
        lib=library("tabulate_time"),
        files=[file for *_, file in timed_parts()],
    output:
        table="<results>/tables/time.tsv",
    log:
        "<logs>/tabulate_time.log",
    benchmark:
        "<benchmarks>/tabulate_time.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **named(
            parts=[part for *part, _ in timed_parts()],
            strategies=lookup("strategies", within=config),
            seeds=lookup("seeds", within=config),
        ),
    message:
        "Adding up the time that every strategy took"
    script:
        "../workflow_scripts/tabulate_time.py"
