# what every table of strategies needs to know
DESIGN = dict(strategies=config["strategies"], seeds=config["seeds"])
BOOTSTRAP = settings_of("evaluation", "bootstrap_samples", "confidence_level", "seed")
ANSWERS = dict(known="<results>/categories/base/test.parquet", base="<results>/evaluation/base/test.parquet")
ANSWERS |= dict(best=evaluations("test"))
LABELS = dict(base_train="<results>/categories/base/train.parquet", train=knowledge_of("train"))
LABELS |= dict(base_heldout="<results>/categories/base/heldout.parquet", heldout=knowledge_of("heldout"))
RANKED = EXPERIMENT.ranked_checkpoints()


rule tabulate_accuracy:
    input:
        **ANSWERS,
        last=evaluations("test", "last"),
    output:
        table="<results>/tables/accuracy.tsv",
    log:
        "<logs>/tabulate_accuracy.log",
    benchmark:
        "<benchmarks>/tabulate_accuracy.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_accuracy"),
        **tracked_params(checkpoints=FINAL, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating accuracy on the test questions"
    script:
        "../workflow_scripts/tabulate_accuracy.py"


rule tabulate_comparisons:
    input:
        **LABELS,
        **ANSWERS,
    output:
        table="<results>/tables/comparisons.tsv",
        effects="<results>/tables/effects.tsv",
    log:
        "<logs>/tabulate_comparisons.log",
    benchmark:
        "<benchmarks>/tabulate_comparisons.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_comparisons"),
        **tracked_params(finals=FINAL, checkpoints=RELABELED, comparisons=config["comparisons"], **DESIGN, **BOOTSTRAP),
    message:
        "Comparing pairs of strategies question by question"
    script:
        "../workflow_scripts/tabulate_comparisons.py"


rule tabulate_relations:
    input:
        **ANSWERS,
    output:
        table="<results>/tables/relations.tsv",
    log:
        "<logs>/tabulate_relations.log",
    benchmark:
        "<benchmarks>/tabulate_relations.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_relations"),
        **tracked_params(checkpoints=FINAL, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating accuracy by relation"
    script:
        "../workflow_scripts/tabulate_relations.py"


rule tabulate_category_ranking:
    input:
        known="<results>/categories/base/test.parquet",
        base="<results>/evaluation/base/test.parquet",
        best=evaluations("test", checkpoints=RANKED),
        last=evaluations("test", "last", RANKED),
    output:
        table="<results>/tables/category_ranking.tsv",
    log:
        "<logs>/tabulate_category_ranking.log",
    benchmark:
        "<benchmarks>/tabulate_category_ranking.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_category_ranking"),
        **tracked_params(
            checkpoints=RANKED,
            category_ranking=config["evaluation"]["category_ranking"],
            **DESIGN,
            **BOOTSTRAP,
        ),
    message:
        "Ranking training sets of one category next to Gekhman et al. 2024"
    script:
        "../workflow_scripts/tabulate_category_ranking.py"


rule tabulate_forgetting:
    input:
        test_known="<results>/categories/base/test.parquet",
        test_base="<results>/evaluation/base/test.parquet",
        test_best=evaluations("test"),
        test_last=evaluations("test", "last"),
        test_labels_base="<results>/categories/base/heldout.parquet",
        test_labels=knowledge_of("heldout"),
        train_known="<results>/categories/base/train.parquet",
        train_base="<results>/evaluation/base/train.parquet",
        train_best=evaluations("train"),
        train_last=evaluations("train", "last"),
        train_labels_base="<results>/categories/base/train.parquet",
        train_labels=knowledge_of("train"),
        relabel=relabel_knowledge(),
    output:
        table="<results>/tables/forgetting.tsv",
    log:
        "<logs>/tabulate_forgetting.log",
    benchmark:
        "<benchmarks>/tabulate_forgetting.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_forgetting"),
        **tracked_params(checkpoints=FINAL, relabeled=RELABELED, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating forgetting by strategy"
    script:
        "../workflow_scripts/tabulate_forgetting.py"


rule tabulate_knowledge_gain:
    input:
        **LABELS,
        relabel=relabel_knowledge(),
    output:
        table="<results>/tables/knowledge_gain.tsv",
    log:
        "<logs>/tabulate_knowledge_gain.log",
    benchmark:
        "<benchmarks>/tabulate_knowledge_gain.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_knowledge_gain"),
        **tracked_params(checkpoints=RELABELED, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating the questions that become HighlyKnown"
    script:
        "../workflow_scripts/tabulate_knowledge_gain.py"


rule tabulate_categories:
    input:
        **LABELS,
        base_test="<results>/categories/base/test.parquet",
    output:
        table="<results>/tables/categories.tsv",
    log:
        "<logs>/tabulate_categories.log",
    benchmark:
        "<benchmarks>/tabulate_categories.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_categories"),
        **tracked_params(checkpoints=RELABELED, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating the shares of the four categories"
    script:
        "../workflow_scripts/tabulate_categories.py"


rule tabulate_transitions:
    input:
        **LABELS,
        relabel=relabel_knowledge(),
    output:
        table="<results>/tables/transitions.tsv",
    log:
        "<logs>/tabulate_transitions.log",
    benchmark:
        "<benchmarks>/tabulate_transitions.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_transitions"),
        **tracked_params(checkpoints=RELABELED, **DESIGN),
    message:
        "Tabulating transitions between categories"
    script:
        "../workflow_scripts/tabulate_transitions.py"


rule tabulate_learning_curves:
    input:
        logs=collect("<results>/checkpoints/{checkpoint}/training_log.jsonl", checkpoint=TRAINED),
        summaries=collect("<results>/checkpoints/{checkpoint}/summary.json", checkpoint=TRAINED),
    output:
        table="<results>/tables/learning_curves.tsv",
    log:
        "<logs>/tabulate_learning_curves.log",
    benchmark:
        "<benchmarks>/tabulate_learning_curves.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_learning_curves"),
        **tracked_params(checkpoints=TRAINED),
    message:
        "Tabulating learning curves"
    script:
        "../workflow_scripts/tabulate_learning_curves.py"


rule tabulate_training_data:
    input:
        data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=TRAINED),
        formulas=collect("<results>/training_data/{checkpoint}.md", checkpoint=TRAINED),
    output:
        table="<results>/tables/training_data.tsv",
    log:
        "<logs>/tabulate_training_data.log",
    benchmark:
        "<benchmarks>/tabulate_training_data.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_training_data"),
        **tracked_params(checkpoints=TRAINED),
    message:
        "Tabulating the training data of each stage"
    script:
        "../workflow_scripts/tabulate_training_data.py"


rule tabulate_exposure:
    input:
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
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_exposure"),
        **tracked_params(confidence_level=config["evaluation"]["confidence_level"]),
    message:
        "Tabulating categories by exposure in pretraining"
    script:
        "../workflow_scripts/tabulate_exposure.py"


rule tabulate_recall:
    input:
        facts="<results>/world/facts.parquet",
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
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_recall"),
        **tracked_params(**BOOTSTRAP),
    message:
        "Tabulating fact recall by category"
    script:
        "../workflow_scripts/tabulate_recall.py"


rule tabulate_newly_known:
    input:
        **LABELS,
        facts="<results>/world/facts.parquet",
        relabel=relabel_knowledge(),
    output:
        table="<results>/tables/newly_known.tsv",
    log:
        "<logs>/tabulate_newly_known.log",
    benchmark:
        "<benchmarks>/tabulate_newly_known.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_newly_known"),
        **tracked_params(checkpoints=RELABELED, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating newly known facts by exposure in pretraining"
    script:
        "../workflow_scripts/tabulate_newly_known.py"


rule tabulate_sharing:
    input:
        **LABELS,
        questions="<results>/data/questions.parquet",
        data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=RELABELED),
    output:
        table="<results>/tables/sharing.tsv",
    log:
        "<logs>/tabulate_sharing.log",
    benchmark:
        "<benchmarks>/tabulate_sharing.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_sharing"),
        **tracked_params(checkpoints=RELABELED, **DESIGN, **BOOTSTRAP),
    message:
        "Tabulating entities that upgraded questions share with trained ones"
    script:
        "../workflow_scripts/tabulate_sharing.py"


rule tabulate_examples:
    input:
        questions="<results>/data/questions.parquet",
        known_train_base="<results>/categories/base/train.parquet",
        known_heldout_base="<results>/categories/base/heldout.parquet",
        known_train=knowledge_of("train"),
        known_heldout=knowledge_of("heldout"),
        train_base="<results>/evaluation/base/train.parquet",
        test_base="<results>/evaluation/base/test.parquet",
        train=evaluations("train"),
        test=evaluations("test"),
        data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=RELABELED),
    output:
        table="<results>/tables/examples.tsv",
    log:
        "<logs>/tabulate_examples.log",
    benchmark:
        "<benchmarks>/tabulate_examples.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_examples"),
        **tracked_params(relabeled=RELABELED, finals=FINAL, **DESIGN),
    message:
        "Choosing examples of upgraded and forgotten questions"
    script:
        "../workflow_scripts/tabulate_examples.py"


rule tabulate_cost:
    input:
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        files=[file for *_, file in cost_sources()],
    output:
        table="<results>/tables/cost.tsv",
    log:
        "<logs>/tabulate_cost.log",
    benchmark:
        "<benchmarks>/tabulate_cost.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_cost"),
        **tracked_params(parts=[part for *part, _ in cost_sources()], **DESIGN),
    message:
        "Counting the cost of every strategy"
    script:
        "../workflow_scripts/tabulate_cost.py"


rule tabulate_advice:
    input:
        **ANSWERS,
        questions="<results>/data/questions.parquet",
        prompts="<results>/data/prompts.parquet",
        curves="<results>/tables/learning_curves.tsv",
        cost="<results>/tables/cost.tsv",
    output:
        table="<results>/tables/advice.tsv",
    log:
        "<logs>/tabulate_advice.log",
    benchmark:
        "<benchmarks>/tabulate_advice.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_advice"),
        **tracked_params(checkpoints=FINAL, matched=EXPERIMENT.matched_strategies(), **DESIGN, **BOOTSTRAP),
    message:
        "Choosing a strategy by validation accuracy"
    script:
        "../workflow_scripts/tabulate_advice.py"


rule tabulate_time:
    input:
        files=[file for *_, file in time_sources()],
    output:
        table="<results>/tables/time.tsv",
    log:
        "<logs>/tabulate_time.log",
    benchmark:
        "<benchmarks>/tabulate_time.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        **tracked_code("tabulate_time"),
        **tracked_params(parts=[part for *part, _ in time_sources()], **DESIGN),
    message:
        "Adding up the time of every strategy"
    script:
        "../workflow_scripts/tabulate_time.py"
