# what several tables read
ANSWERS = dict(known="<results>/categories/base/test.parquet", base="<results>/evaluation/base/test.parquet")
ANSWERS |= dict(best=evaluations("test"))
LABELS = dict(base_train="<results>/categories/base/train.parquet", train=knowledge_of("train"))
LABELS |= dict(base_heldout="<results>/categories/base/heldout.parquet", heldout=knowledge_of("heldout"))
RELABEL = dict(relabel=relabel_knowledge())
FACTS = dict(facts="<results>/world/facts.parquet")
RECALL = dict(recall="<results>/world/recall.parquet")
QUESTIONS = dict(questions="<results>/data/questions.parquet")
PROMPTS = dict(prompts="<results>/data/prompts.parquet")
TRAINING_SETS = dict(data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=RELABELED))
ALL_TRAINING_SETS = dict(data=collect("<results>/training_data/{checkpoint}.jsonl", checkpoint=TRAINED))
# what several tables need to know
DESIGN = dict(strategies=config["strategies"], seeds=config["seeds"])
BOOTSTRAP = settings_of("evaluation", "bootstrap_samples", "confidence_level", "seed")
ANSWERED = dict(checkpoints=FINAL, **DESIGN, **BOOTSTRAP)
LABELED = dict(checkpoints=RELABELED, **DESIGN, **BOOTSTRAP)
RANKED = EXPERIMENT.ranked_checkpoints()

# of each table its inputs and its settings, which its module in evaluation/tables looks up by name
TABULATED = {
    "accuracy": (dict(**ANSWERS, **QUESTIONS, last=evaluations("test", "last")), ANSWERED),
    "relations": (ANSWERS, ANSWERED),
    "category_ranking": (
        ANSWERS | dict(best=evaluations("test", checkpoints=RANKED), last=evaluations("test", "last", RANKED)),
        ANSWERED | dict(checkpoints=RANKED, category_ranking=config["evaluation"]["category_ranking"]),
    ),
    "forgetting": (
        dict(
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
            **RELABEL,
        ),
        dict(**ANSWERED, relabeled=RELABELED),
    ),
    "knowledge_gain": (LABELS | RELABEL, LABELED),
    "categories": (dict(**LABELS, base_test="<results>/categories/base/test.parquet"), LABELED),
    "transitions": (LABELS | RELABEL, dict(checkpoints=RELABELED, **DESIGN)),
    "learning_curves": (
        dict(
            logs=collect("<results>/checkpoints/{checkpoint}/training_log.jsonl", checkpoint=TRAINED),
            summaries=collect("<results>/checkpoints/{checkpoint}/summary.json", checkpoint=TRAINED),
        ),
        dict(checkpoints=TRAINED),
    ),
    "training_data": (
        dict(
            **ALL_TRAINING_SETS,
            formulas=collect("<results>/training_data/{checkpoint}.md", checkpoint=TRAINED),
        ),
        dict(checkpoints=TRAINED),
    ),
    "exposure": (
        FACTS | RECALL | dict(knowledge="<results>/categories/base/train.parquet"),
        settings_of("evaluation", "confidence_level"),
    ),
    "recall": (
        FACTS
        | RECALL
        | dict(train="<results>/categories/base/train.parquet", test="<results>/categories/base/test.parquet"),
        BOOTSTRAP,
    ),
    "newly_known": (LABELS | RELABEL | FACTS, LABELED),
    "never_learned": (
        dict(
            **QUESTIONS,
            **ALL_TRAINING_SETS,
            **(FACTS if is_pretrained() else {}),
            few_shot=shards_of(f"<results>/{FEW_SHOT_FOLDER}/base/at_base"),
            known="<results>/categories/base/train.parquet",
            base="<results>/evaluation/base/train.parquet",
            best=evaluations("train"),
            last=evaluations("train", "last"),
        ),
        dict(**ANSWERED, trained=TRAINED, **settings_of("data", "answer_match", "f1_threshold")),
    ),
    "trained_answers": (
        dict(**ANSWERS, **QUESTIONS, **ALL_TRAINING_SETS),
        dict(**ANSWERED, trained=TRAINED, comparisons=config["comparisons"]),
    ),
    "sharing": (LABELS | QUESTIONS | TRAINING_SETS, LABELED),
    "examples": (
        dict(
            **QUESTIONS,
            **TRAINING_SETS,
            known_train_base="<results>/categories/base/train.parquet",
            known_heldout_base="<results>/categories/base/heldout.parquet",
            known_train=knowledge_of("train"),
            known_heldout=knowledge_of("heldout"),
            train_base="<results>/evaluation/base/train.parquet",
            test_base="<results>/evaluation/base/test.parquet",
            train=evaluations("train"),
            test=evaluations("test"),
        ),
        dict(relabeled=RELABELED, finals=FINAL, **DESIGN),
    ),
    "cost": (
        QUESTIONS | PROMPTS | dict(files=[file for *_, file in cost_sources()]),
        dict(parts=[part for *part, _ in cost_sources()], **DESIGN),
    ),
    "advice": (
        dict(
            **ANSWERS,
            **QUESTIONS,
            **PROMPTS,
            curves="<results>/tables/learning_curves.tsv",
            cost="<results>/tables/cost.tsv",
        ),
        dict(**ANSWERED, matched=EXPERIMENT.matched_strategies()),
    ),
    "time": (
        dict(files=[file for *_, file in time_sources()]),
        dict(parts=[part for *part, _ in time_sources()], **DESIGN),
    ),
}


rule tabulate:
    input:
        unpack(lambda wildcards: TABULATED[wildcards.table][0]),
    output:
        table="<results>/tables/{table}.tsv",
    log:
        "<logs>/tabulate/{table}.log",
    benchmark:
        "<benchmarks>/tabulate/{table}.tsv"
    wildcard_constraints:
        table="|".join(name for name in TABULATED if name in OWN_TABLES),
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        **LIGHT,
    params:
        code=lambda wildcards: [*tracked_code("tabulate", f"evaluation.tables.{wildcards.table}").values()],
        settings=lambda wildcards: TABULATED[wildcards.table][1],
    message:
        "Tabulating {wildcards.table}"
    script:
        "../workflow_scripts/tabulate.py"


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
        **tracked_params(finals=FINAL, comparisons=config["comparisons"], **LABELED),
    message:
        "Comparing pairs of strategies question by question"
    script:
        "../workflow_scripts/tabulate_comparisons.py"
