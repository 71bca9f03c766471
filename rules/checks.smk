"""What no schema can say about the configuration: how its keys must fit together."""

import difflib
import itertools


def suggestion(name, known):
    """End a message with the nearest known name, or with all of them."""
    nearest = difflib.get_close_matches(str(name), list(known), n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(sorted(known)) or 'none'}"


def has_set(stage):
    """Tell whether a stage names categories, and so selects questions whose number others can match."""
    return bool(stage["train_on"]["now"] or stage["train_on"]["at_base"])


def stage_faults(settings):
    """Check what every stage selects and the stages it refers to."""
    stages = settings["stages"]
    for name, stage in stages.items():
        place, control = f"stages.{name}", stage["matched_random"]
        if not has_set(stage) and control["size_of"] is None:
            yield f"`{place}` selects nothing: give `train_on` or `matched_random`"
        if not has_set(stage) and stage["train_on"]["balanced"]:
            yield f"`{place}.train_on.balanced` has no categories beside it: give `now` or `at_base`"
        for key, default in (("from", []), ("ratio", 1)):
            if control[key] != default and control["size_of"] is None:
                yield f"`{place}.matched_random.{key}` has no `size_of` beside it: name the stage whose size is matched"
        for key, other in (
            ("matched_random.size_of", stage["matched_random"]["size_of"]),
            ("steps_as", stage["steps_as"]),
        ):
            if other is not None and other not in stages:
                yield f"`{place}.{key}` names the unknown stage {other!r}; {suggestion(other, stages)}"
    if "base" in stages:
        yield "`stages.base`: base is the model before training; give the stage another name"


def follow(stages, name):
    """List the stages met by following steps_as from a stage, up to the first one that comes again."""
    met = []
    while name in stages and name not in met:
        met.append(name)
        name = stages[name]["steps_as"]
    return [*met, name] if name in met else met


def cycle_faults(settings):
    """Check that steps_as leads to a stage that counts its own steps, and size_of to one that has a size of its own."""
    stages = settings["stages"]
    for name in stages:
        chain = follow(stages, name)
        if len(chain) > 1 and chain[-1] == name:
            yield f"`stages.{name}.steps_as` leads back to itself: {' -> '.join(chain)}"
    for name, stage in stages.items():
        other = stages.get(stage["matched_random"]["size_of"])
        if other and not has_set(other):
            yield f"`stages.{name}.matched_random.size_of` names a stage without `train_on`, so without a size"


def strategy_faults(settings):
    """Check the names in strategies, comparisons and arms."""
    stages, strategies = settings["stages"], settings["strategies"]
    for name, chain in strategies.items():
        for stage in chain:
            if stage not in stages:
                yield f"`strategies.{name}` names the unknown stage {stage!r}; {suggestion(stage, stages)}"
        methods = [stages[stage]["method"] or settings["training"]["method"] for stage in chain if stage in stages]
        if ("full", "lora") in itertools.pairwise(methods):
            yield f"`strategies.{name}`: a stage with `method` lora cannot follow one with full; use full for both"
    if "base" in strategies:
        yield "`strategies.base`: base is the model before training; give the strategy another name"
    known = {"base", *strategies}
    for place, pair in enumerate(settings["comparisons"]):
        for name in pair or []:
            if name not in known:
                yield f"`comparisons[{place}]` names the unknown strategy {name!r}; {suggestion(name, known)}"
        if pair and pair[0] == pair[1]:
            yield f"`comparisons[{place}]` compares {pair[0]!r} with itself"
    for arm, name in settings["evaluation"]["arms"].items():
        if name is not None and name not in strategies:
            yield f"`evaluation.arms.{arm}` names the unknown strategy {name!r}; {suggestion(name, strategies)}"


def number_faults(settings):
    """Check the numbers that only make sense together."""
    pretraining, world = settings["pretraining"], settings["world"]
    heads, width = pretraining["heads"], pretraining["hidden_size"]
    if width % (2 * heads):
        yield f"`pretraining.hidden_size` is {width}: it must be a multiple of twice `pretraining.heads` ({2 * heads})"
    least, most = world["exposure"]["minimum"], world["exposure"]["maximum"]
    if least > most:
        yield f"`world.exposure.minimum` ({least}) is more than `world.exposure.maximum` ({most})"
    total = sum(world["splits"].values())
    if abs(total - 1) > 1e-6:
        yield f"`world.splits` sum to {total:g}: the shares of train, dev and test must sum to 1"
    if (world["opening"]["subjects"] == 0) != (world["opening"]["share"] == 0):
        yield "`world.opening`: set both `subjects` and `share`, or both to 0 for no opening"


def data_faults(settings):
    """Check that the source of the questions has what it needs, and nothing that would be passed over in silence."""
    data = settings["data"]
    if data["source"] == "file" and data["path"] is None:
        yield "`data.path` is missing: `data.source` file needs your file of questions (JSONL, CSV, TSV or Parquet)"
    if data["source"] == "simulated" and data["path"] is not None:
        yield "`data.path` is given, but `data.source` is simulated: set it to file or to the data set's name"
    if data["phrases"] is not None and data["source"] != "wiki_qa":
        yield f"`data.phrases` belongs to `data.source` wiki_qa, not to {data['source']}"
    total = sum(data["splits"].values())
    if abs(total - 1) > 1e-6:
        yield f"`data.splits` sum to {total:g}: the shares of train, dev and test must sum to 1"


def model_faults(settings):
    """Check that the base model is told where it is, and that its settings go together."""
    model, source = settings["model"], settings["model"]["source"]
    for key, owner, example in (("name", "hub", "Qwen/Qwen2-7B"), ("path", "local", "a folder")):
        if source == owner and model[key] is None:
            yield f"`model.{key}` is missing: `model.source` {owner} needs it, for example {example}"
        if source != owner and model[key] is not None:
            yield f"`model.{key}` is given, but `model.source` is {source}: set it to {owner} or remove the {key}"
    if source == "pretrain" and settings["data"]["source"] not in ("simulated", "entity_questions"):
        yield (
            f"`model.source` is pretrain, which knows no statements for `data.source` {settings['data']['source']}: "
            "take a model from the hub or a local folder (`model: {source: hub, name: ...}`)"
        )
    if source == "pretrain" and model["chat_template"]:
        yield "`model.chat_template` is true, but the model that is pretrained here has none"
    if model["quantization"] != "none":
        methods = {"training.method": settings["training"]["method"]}
        methods |= {f"stages.{name}.method": stage["method"] for name, stage in settings["stages"].items()}
        for place, method in methods.items():
            if method == "full":
                yield f"`{place}` is full: weights in four bits cannot be trained, use lora"


def knowledge_faults(settings):
    """Check that chances are computed only where that can be done, and that vLLM is asked only for what it does."""
    match, knowledge = settings["data"]["match"], settings["knowledge"]
    if knowledge["engine"] == "vllm":
        if knowledge["estimator"] == "likelihood":
            yield "`knowledge.engine` vllm draws answers, it computes no chances: set it to native"
        if settings["model"]["quantization"] != "none":
            yield "`knowledge.engine` vllm holds weights whole: set it to native, or `model.quantization` to none"
    if knowledge["estimator"] == "likelihood" and match != "exact":
        yield (
            f"`knowledge.estimator` likelihood knows the chance of accepted answers alone, but `data.match` {match} "
            "also lets others pass: set it to exact, or the estimator to sampling"
        )


def parallel_faults(settings):
    """Check that the processes share a stage's batches and their nodes evenly."""
    training, shared = settings["training"], settings["training"]["parallel"]
    parts = shared["processes"] * shared["accumulation"]
    if shared["processes"] % shared["nodes"]:
        yield (
            f"`training.parallel.processes` is {shared['processes']}: it must be a multiple of "
            f"`training.parallel.nodes` ({shared['nodes']})"
        )
    sizes = {"training.batch_size": training["batch_size"]}
    sizes |= {f"stages.{name}.batch_size": stage["batch_size"] for name, stage in settings["stages"].items()}
    for place, size in sizes.items():
        if size is not None and size % parts:
            yield (
                f"`{place}` is {size}: it must be a multiple of `training.parallel.processes` times "
                f"`training.parallel.accumulation` ({parts})"
            )
    if shared["sharded"] and (shared["processes"] == 1 or settings["model"]["quantization"] != "none"):
        yield "`training.parallel.sharded` spreads weights over processes: give it two or more of them, and no 4 bits"


def cross_faults(settings):
    """List every fault between the keys of a configuration that has its defaults filled in."""
    checks = (
        stage_faults,
        cycle_faults,
        strategy_faults,
        number_faults,
        data_faults,
        model_faults,
        knowledge_faults,
        parallel_faults,
    )
    return [fault for check in checks for fault in check(settings)]
