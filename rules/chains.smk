"""Which checkpoints, files and settings belong to a chain of stages: what the rules ask for and pass on."""

import json
import os

CHAIN = r"[a-z][a-z0-9_]*(?:\+[a-z][a-z0-9_]*)*/seed\d+"
CATEGORIES = ("HighlyKnown", "MaybeKnown", "WeaklyKnown", "Unknown")


def checkpoint_name(stages, seed):
    """Name the checkpoint at the end of a chain of stages."""
    return f"{'+'.join(stages)}/seed{seed}" if stages else "base"


def stages_of(name):
    """List the stages of a checkpoint's chain."""
    return [] if name == "base" else os.path.dirname(name).split("+")


def seed_of(name):
    """Return the seed of a trained checkpoint."""
    return int(os.path.basename(name).removeprefix("seed"))


def parent_of(checkpoint):
    """Name the checkpoint from which the last stage of a chain starts."""
    return checkpoint_name(stages_of(checkpoint)[:-1], seed_of(checkpoint))


def stage_of(checkpoint):
    """Return the settings of the last stage of a checkpoint's chain."""
    name = stages_of(checkpoint)[-1]
    if name not in config["stages"]:
        raise WorkflowError(f"{checkpoint}: there is no stage {name!r}; {suggestion(name, config['stages'])}")
    return config["stages"][name]


def every(chains):
    """List the checkpoints of chains for all seeds, each once."""
    return list(dict.fromkeys(checkpoint_name(chain, seed) for chain in chains for seed in config["seeds"]))


def prefixes(chain):
    """List a chain of stages and the shorter ones on the way to it."""
    return [chain[:length] for length in range(1, len(chain) + 1)]


def finals():
    """List the checkpoints at the end of all strategies."""
    return every(config["strategies"].values())


def arm_checkpoints():
    """List the checkpoints at the end of the strategies that are arms."""
    return every(config["strategies"][name] for name in config["evaluation"]["arms"].values())


def trained():
    """List all checkpoints that the strategies pass through, the shorter chains first."""
    chains = [part for chain in config["strategies"].values() for part in prefixes(chain)]
    return every(sorted(chains, key=len))


def labelled():
    """List the trained checkpoints whose questions are sorted again: those of strategies of two stages or more."""
    chains = [part for chain in config["strategies"].values() if len(chain) > 1 for part in prefixes(chain)]
    return every(sorted(chains, key=len))


def given(section, key):
    """Return the path that a key of the configuration names, as the user wrote it, or nothing where it names none."""
    path = config[section][key]
    if path is None:
        return []
    if not os.path.exists(path):
        seen = f"there is no {path}, seen from {os.getcwd()}"
        raise WorkflowError(f"{section}.{key}: {seen}; mend the path, or name its folder by --directory")
    return local(path)


def archive(wildcards):
    """Return the local file or folder that holds the questions, or nothing where they are downloaded."""
    return given("data", "path")


def phrases(wildcards):
    """Return the file of answer phrases, or nothing."""
    return given("data", "phrases")


def model_folder(wildcards):
    """Return the local folder of the base model, or nothing where it is downloaded."""
    return given("model", "path")


def is_pretrained():
    """Tell whether the base model is made here, on the documents of the world."""
    return config["model"]["source"] == "pretrain"


def real_records():
    """Return the records of the data set where the facts of the world are real, else nothing."""
    return [] if config["data"]["source"] == "simulated" else ["<results>/data/raw/records.jsonl"]


def question_records():
    """Return the records that the questions are made from: those of the world where the model reads about it."""
    if is_pretrained() or config["data"]["source"] == "simulated":
        return "<results>/world/questions.jsonl"
    return "<results>/data/raw/records.jsonl"


def adapter(wildcards):
    """Return the checkpoint that is asked beside the model: none for the base model itself."""
    name = wildcards.checkpoint
    return [] if name == "base" else f"<results>/checkpoints/{name}/best"


def parent_adapter(wildcards):
    """Return the checkpoint from which a stage starts: none where it is the base model."""
    parent = parent_of(wildcards.checkpoint)
    return [] if parent == "base" else f"<results>/checkpoints/{parent}/best"


def parent_knowledge(wildcards):
    """Return the categories of the train questions under the checkpoint from which a stage starts."""
    return f"<results>/categories/{parent_of(wildcards.checkpoint)}/train.parquet"


def sibling_summary(wildcards):
    """Return the summary of the run whose number of steps a stage takes over, else nothing."""
    name = wildcards.checkpoint
    sibling = stage_of(name)["steps_as"]
    if sibling is None:
        return []
    return f"<results>/checkpoints/{checkpoint_name([*stages_of(name)[:-1], sibling], seed_of(name))}/summary.json"


def gathered_answers(wildcards):
    """Return all shards of the answers that hold a split's, sampled or scored.

    The base model's test answers hold those of the probe; later checkpoints are asked train and probe in one go.
    """
    at_base = {"probe": "test"}.get(wildcards.split, wildcards.split)
    asked = at_base if wildcards.checkpoint == "base" else "again"
    folder = {"sampling": "answers", "likelihood": "likelihoods"}[config["knowledge"]["estimator"]]
    return gather.shards(f"<results>/{folder}/{wildcards.checkpoint}/{asked}/{{scatteritem}}.parquet")


def retest_knowledge():
    """Return the second labelling under the base model, or nothing where it is switched off."""
    return ["<results>/categories/base/retest.parquet"] if config["evaluation"]["retest"] else []


def knowledge_of(split):
    """List the categories of a split under all labelled checkpoints but the base model."""
    return [f"<results>/categories/{checkpoint}/{split}.parquet" for checkpoint in labelled()]


def evaluations(split, epoch="best"):
    """List the evaluations of a split at the end of all strategies."""
    middle = "" if epoch == "best" else f"{epoch}/"
    return [f"<results>/evaluation/{checkpoint}/{middle}{split}.parquet" for checkpoint in finals()]


def mode(wildcards):
    """Return how far samples are drawn: in lazy mode only as long as they can become right, where that can be told."""
    knowledge = config["knowledge"]
    can_prune = config["data"]["match"] == "exact" and knowledge["engine"] == "native"
    return "pruned" if knowledge["mode"] == "lazy" and can_prune else knowledge["mode"]


def prompt(wildcards):
    """Return the fine-tuning prompt; a function, since Snakemake would read its braces as a wildcard."""
    return config["training"]["prompt"]


def shard(wildcards):
    """Return the number of a shard, counted from 0."""
    return int(wildcards.scatteritem.partition("-of-")[0]) - 1


def shards(wildcards):
    """Return the number of shards."""
    return int(wildcards.scatteritem.partition("-of-")[2])


def probe_questions(wildcards):
    """Return how many test questions the probe takes, or 0 where it is not asked or sorted."""
    return config["evaluation"]["probe_questions"] if wildcards.split in ("probe", "again") else 0


def draw(wildcards):
    """Return the draw of exemplars: 0 to sort questions, 1 to sort them a second time."""
    return int(wildcards.split == "retest")


def seed(wildcards):
    """Return the seed of a checkpoint."""
    return seed_of(wildcards.checkpoint)


def selection(stage):
    """Return the part of a stage that says which questions it takes, without what is left empty."""
    control = stage["matched_random"]
    parts = {
        "train_on": {when: chosen for when, chosen in stage["train_on"].items() if chosen},
        "replay": {category: ratio for category, ratio in stage["replay"].items() if ratio},
        "matched_random": control | {"from": control["from"] or list(CATEGORIES)} if control["size_of"] else {},
    }
    return {key: value for key, value in parts.items() if value}


def stage_name(wildcards):
    """Return the name of a checkpoint's last stage."""
    return stages_of(wildcards.checkpoint)[-1]


def stage_selection(wildcards):
    """Return which questions a checkpoint's last stage takes."""
    return selection(stage_of(wildcards.checkpoint))


def matched(stage):
    """Return which questions the stage takes whose size a stage matches, or None."""
    name = stage["matched_random"]["size_of"]
    return selection(config["stages"][name]) if name else None


def matched_selection(wildcards):
    """Return which questions the stage takes whose size a checkpoint's last stage matches, or None."""
    return matched(stage_of(wildcards.checkpoint))


def own_or_common(stage, key):
    """Return a training setting of a stage: its own or that of training."""
    return config["training"][key] if stage[key] is None else stage[key]


def setting(key):
    """Return a function that looks up a training setting of a checkpoint: its last stage's own or that of training."""
    return lambda wildcards: own_or_common(stage_of(wildcards.checkpoint), key)


def learning_rate(wildcards):
    """Return the learning rate of a checkpoint's last stage: its own, or a ratio of that of training."""
    stage = stage_of(wildcards.checkpoint)
    return stage["learning_rate"] or config["training"]["learning_rate"] * stage["learning_rate_ratio"]


def replay_sweep():
    """Return by which ratio each strategy replays HighlyKnown, of the most strategies that differ in nothing else."""
    families = {}
    for name, chain in config["strategies"].items():
        last = config["stages"][chain[-1]]
        rest = json.dumps([chain[:-1], last | {"replay": last["replay"] | {"HighlyKnown": None}}], sort_keys=True)
        families.setdefault(rest, {})[name] = last["replay"]["HighlyKnown"]
    return max(families.values(), key=lambda family: len(set(family.values())))


def figure_subjects():
    """List the subjects that there is something to draw of."""
    arms = ["arms"] if config["evaluation"]["arms"] else []
    replay = ["replay"] if len(set(replay_sweep().values())) > 1 else []
    gains = ["knowledge_gain", "transitions", "flow", "sharing"] if labelled() else []
    truth = ["exposure", "recall", *(["newly_known"] if labelled() else [])] if is_pretrained() else []
    return [
        "accuracy",
        "comparisons",
        *arms,
        "forgetting",
        *replay,
        *gains,
        "categories",
        *truth,
        "learning_curves",
        "cost",
    ]


def table_subjects():
    """List the subjects that are tabulated."""
    gains = ["knowledge_gain", "transitions", "sharing", "examples"] if labelled() else []
    truth = ["exposure", "recall", *(["newly_known"] if labelled() else [])] if is_pretrained() else []
    arms = ["arms"] if config["evaluation"]["arms"] else []
    return [
        "accuracy",
        *arms,
        "forgetting",
        *gains,
        "categories",
        "learning_curves",
        *truth,
        "comparisons",
        "relations",
        "training_data",
        "cost",
        "time",
    ]
