"""Looks up what belongs to a checkpoint: its files and its settings, as functions of the wildcards."""

from gradual_learning.experiment import (
    BASE,
    CHAIN_PATTERN,
    Experiment,
    parent_of,
    pattern_of,
    prefixes,
    relabeled_chains,
    sampling_mode,
    seed_of,
    selection,
    stages_of,
)

EXPERIMENT = Experiment.from_config(config)
FINAL = EXPERIMENT.final_checkpoints()
RELABELED = EXPERIMENT.relabeled_checkpoints()
TRAINED = EXPERIMENT.trained_checkpoints()

HELDOUT = config["evaluation"]["heldout_questions"]
ESTIMATOR = config["knowledge"]["estimator"]
FEW_SHOT_FOLDER = {"sampling": "answers", "likelihood": "likelihoods"}[ESTIMATOR]
USES_VLLM = config["knowledge"]["engine"] == "vllm"
# checkpoints that one job queries few-shot and zero-shot; vLLM and the own engine do not share the memory of a GPU
CHAINS_TOGETHER = [] if USES_VLLM else relabeled_chains(config["strategies"])
TOGETHER = EXPERIMENT.checkpoints_of(CHAINS_TOGETHER)
QUERIED_TOGETHER = pattern_of(CHAINS_TOGETHER)
QUERIED_APART = rf"base|(?!{QUERIED_TOGETHER}/){CHAIN_PATTERN}"


def seed(wildcards):
    """Return the seed of a checkpoint."""
    return seed_of(wildcards.checkpoint)


def stage_of(wildcards):
    """Return the settings of the last stage of a checkpoint."""
    try:
        return EXPERIMENT.stage(wildcards.checkpoint)
    except UserError as error:
        raise WorkflowError(str(error))


def stage_name(wildcards):
    """Return the name of the last stage of a checkpoint."""
    return stages_of(wildcards.checkpoint)[-1]


def stage_selection(wildcards):
    """Return which questions the last stage of a checkpoint selects."""
    return selection(stage_of(wildcards))


def matched_selection(wildcards):
    """Return the selection of the stage whose size the last stage of a checkpoint matches, or None."""
    return EXPERIMENT.matched_selection(stage_of(wildcards))


def setting(key):
    """Return a function that looks up a training setting of the last stage of a checkpoint."""
    return lambda wildcards: EXPERIMENT.setting(stage_of(wildcards), key)


def learning_rate(wildcards):
    """Return the learning rate of the last stage of a checkpoint."""
    return EXPERIMENT.learning_rate(stage_of(wildcards))


def prompt(wildcards):
    """Return the fine-tuning prompt; a function, since Snakemake would read its braces as a wildcard."""
    return config["training"]["prompt"]


def base_model():
    """Return the folder of the base model, and the file that states its content.

    Snakemake compares a folder by its date alone, which ``cp -r`` changes, but a file by its content too. So the file
    decides whether a job is rerun, and of the folder only whether it exists. The same holds for checkpoints.
    """
    return {"model": ancient("<results>/model"), "model_source": "<results>/model_source.json"}


def checkpoint_inputs(role, name):
    """Return the best epoch of a checkpoint under the name of its role, or nothing for the base model."""
    if name == BASE:
        return {role: []}
    folder = f"<results>/checkpoints/{name}"
    return {role: ancient(f"{folder}/best"), f"{role}_summary": f"{folder}/summary.json"}


def own_checkpoint(wildcards):
    """Return the inputs for a checkpoint."""
    return checkpoint_inputs("checkpoint", wildcards.checkpoint)


def both_epochs(wildcards):
    """Return the inputs for the best and the last epoch of a checkpoint, or nothing for the base model."""
    name = wildcards.checkpoint
    last = [] if name == BASE else ancient(f"<results>/checkpoints/{name}/last")
    return {**own_checkpoint(wildcards), "last": last}


def parent_checkpoint(wildcards):
    """Return the inputs for the checkpoint from which a stage starts."""
    return checkpoint_inputs("parent", parent_of(wildcards.checkpoint))


def parent_knowledge(wildcards):
    """Return the categories of the train questions under the checkpoint from which a stage starts."""
    return f"<results>/categories/{parent_of(wildcards.checkpoint)}/train.parquet"


def sibling_summary(wildcards):
    """Return the summary of the stage whose number of steps a stage matches, or nothing."""
    stage_of(wildcards)  # an unknown stage ends here, with a message
    name = EXPERIMENT.sibling(wildcards.checkpoint)
    return f"<results>/checkpoints/{name}/summary.json" if name else []


def question_records():
    """Return the records that the questions are made from: those of the world where the model is pretrained on it."""
    in_world = is_pretrained() or is_simulated()
    return "<results>/world/questions.jsonl" if in_world else "<results>/data/raw/records.jsonl"


def shard_number(wildcards):
    """Return the number of a shard, from 0."""
    return int(wildcards.scatteritem.partition("-of-")[0]) - 1


def shard_count(wildcards):
    """Return the number of shards."""
    return int(wildcards.scatteritem.partition("-of-")[2])


def heldout_questions(wildcards):
    """Return the number of held-out questions in a split, 0 where it has none."""
    return HELDOUT if wildcards.split in ("heldout", "after_stage") else 0


def exemplar_draw(wildcards):
    """Return the draw of the exemplars: 0 to label, 1 to label a second time."""
    return int(wildcards.split == "relabel")


def shards_of(folder, ending="parquet"):
    """List the files of all shards in a folder."""
    return gather.shards(f"{folder}/{{scatteritem}}.{ending}")


def gathered_answers(wildcards):
    """Return all shards of the answers, sampled or scored, that include those of a split.

    The base model answers train and test questions, later checkpoints train and held-out questions.
    """
    first = "at_base" if wildcards.checkpoint == BASE else "after_stage"
    split = "relabel" if wildcards.split == "relabel" else first
    return shards_of(f"<results>/{FEW_SHOT_FOLDER}/{wildcards.checkpoint}/{split}")


def relabel_knowledge():
    """Return the second labels of the train questions under the base model, or nothing where they are switched off."""
    return ["<results>/categories/base/relabel.parquet"] if config["evaluation"]["relabel"] else []


def knowledge_of(split):
    """List the categories of a split under all relabeled checkpoints."""
    return [f"<results>/categories/{checkpoint}/{split}.parquet" for checkpoint in RELABELED]


def evaluations(split, epoch="best", checkpoints=FINAL):
    """List the evaluations of a split under checkpoints."""
    middle = "" if epoch == "best" else f"{epoch}/"
    return [f"<results>/evaluation/{checkpoint}/{middle}{split}.parquet" for checkpoint in checkpoints]


def exported_chain(wildcards):
    """Return the stages of a strategy whose model is exported."""
    try:
        return EXPERIMENT.exported_chain(wildcards.strategy, config["export"]["format"])
    except UserError as error:
        raise WorkflowError(f"{workflow.pathvars.apply('<results>')}/models/{wildcards.strategy}: {error}")


def exported(pattern, flag=str):
    """Return a function that lists a file of the final checkpoints of an exported strategy, one per seed."""
    return lambda wildcards: [flag(pattern % name) for name in EXPERIMENT.checkpoints_of([exported_chain(wildcards)])]


def exported_summaries(wildcards):
    """List the summaries of the checkpoints that an exported strategy passes through, shorter chains first."""
    names = EXPERIMENT.checkpoints_of(prefixes(exported_chain(wildcards)))
    return [f"<results>/checkpoints/{name}/summary.json" for name in names]


def exported_stages(wildcards):
    """Return the names and the settings of the stages of an exported strategy."""
    return [
        {"name": name, "settings": EXPERIMENT.training_settings(EXPERIMENT.stages[name])}
        for name in exported_chain(wildcards)
    ]


def cost_sources():
    """List the files from which the cost of each checkpoint is counted: checkpoint, activity, file."""
    splits = ["train", "test", *(["relabel"] if config["evaluation"]["relabel"] else [])]
    labeled = [(BASE, split) for split in splits]
    labeled += [(checkpoint, split) for checkpoint in RELABELED for split in ("train", "heldout")]
    evaluated = [(BASE, split) for split in ("train", "test")]
    evaluated += [(end, f"{epoch}{split}") for end in FINAL for epoch in ("", "last/") for split in ("train", "test")]
    return [
        *((name, "labeling", f"<results>/categories/{name}/{split}.parquet") for name, split in labeled),
        *((name, "training", f"<results>/checkpoints/{name}/summary.json") for name in TRAINED),
        *((name, "evaluation", f"<results>/evaluation/{name}/{split}.parquet") for name, split in evaluated),
    ]


def time_sources():
    """List the benchmark files of the jobs that run a model: checkpoint, activity, file."""
    pretraining = ["pretrain_base_model", "measure_fact_recall"] if is_pretrained() else []
    splits = ["at_base", *(["relabel"] if config["evaluation"]["relabel"] else [])]
    few_shot = [(BASE, split) for split in splits]
    few_shot += [(name, "after_stage") for name in RELABELED if name not in TOGETHER]
    queries = [
        *((name, f"answer_few_shot/{name}/{split}") for name, split in few_shot),
        *((name, f"answer_zero_shot/{name}") for name in [BASE, *FINAL] if name not in TOGETHER),
        *((name, f"query_checkpoint/{name}") for name in TOGETHER),
    ]
    shards = [
        (name, "querying", file) for name, folder in queries for file in shards_of(f"<benchmarks>/{folder}", "tsv")
    ]
    return [
        *((BASE, "pretraining", f"<benchmarks>/{name}.tsv") for name in pretraining),
        *shards,
        *((name, "training", f"<benchmarks>/finetune/{name}.tsv") for name in TRAINED),
    ]
