"""The configuration: documented, closed, equal to its defaults, and every fault reported at once and by its place."""

import copy
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from snakemake.utils import validate


@pytest.fixture(scope="module")
def schema(root):
    return yaml.safe_load((root / "rules/schemas/config.schema.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def defaults(root):
    settings = {}
    validate(settings, str(root / "rules/schemas/config.schema.yaml"))
    return settings


@pytest.fixture(scope="module")
def cross_faults(root):
    """The checks across keys, which are plain Python."""
    path = root / "rules" / "checks.smk"
    names = {}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), names)
    return names["cross_faults"]


def sections(schema, path=()):
    yield path, schema
    for key, part in schema.get("properties", {}).items():
        yield from sections(part, (*path, key))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from sections(schema["additionalProperties"], (*path, "*"))


def test_every_key_is_described_and_has_a_default(schema):
    found = [(path, part) for path, part in sections(schema) if path and path[-1] != "*"]
    assert len(found) > 80
    for path, part in found:
        assert part.get("description") and "default" in part, path


def test_every_level_is_closed(schema):
    for path, part in sections(schema):
        if "properties" in part:
            assert part["additionalProperties"] is False, path


def test_config_file_equals_the_defaults(root, defaults):
    written = yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8"))
    assert set(written) == set(defaults) - {"pathvars"}
    validate(written, str(root / "rules/schemas/config.schema.yaml"))
    assert written == defaults


def test_reference_is_written_from_the_schema(root):
    script = root / "rules/schemas/reference.py"
    written = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert written == (root / "rules/schemas/README.md").read_text(encoding="utf-8"), "run reference.py again"
    for key in ("data.max_answer_words", "model.revision", "stages.NAME.replay.HighlyKnown", "figures.dpi"):
        assert f"| `{key}` |" in written


def test_config_file_states_every_key(root, schema):
    written = yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8"))
    for path, part in sections(schema):
        if path and "*" not in path and path[0] != "pathvars" and "properties" not in part:
            value = written
            for key in path:
                assert key in value, path
                value = value[key]


def test_config_file_comments_every_value(root):
    lines = (root / "config.yaml").read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if ":" in line and "#" not in line]
    headed = [
        line for number, line in enumerate(lines) if line in bare and not lines[number - 1].strip().startswith("#")
    ]
    assert not headed


def test_defaults_have_no_fault(defaults, cross_faults):
    assert cross_faults(defaults) == []


CROSS = [
    ("stages/gradual/train_on/now", [], "`stages.gradual` selects nothing"),
    (
        "stages/gradual/train_on",
        {"now": [], "at_base": [], "balanced": True},
        "`stages.gradual.train_on.balanced` has no categories beside it",
    ),
    ("stages/gradual/steps_as", "gradul_replay", "unknown stage 'gradul_replay'; did you mean 'gradual_replay'?"),
    ("stages/gradual/steps_as", "gradual", "`stages.gradual.steps_as` leads back to itself: gradual -> gradual"),
    ("stages/gradual_replay/steps_as", "continued", "gradual_replay -> continued -> gradual_replay"),
    ("stages/gradual/matched_random/size_of", "maybe", "unknown stage 'maybe'; did you mean 'maybe_known'?"),
    ("stages/gradual/matched_random/from", ["Unknown"], "`stages.gradual.matched_random.from` has no `size_of`"),
    ("stages/gradual/matched_random/ratio", 0.5, "`stages.gradual.matched_random.ratio` has no `size_of`"),
    ("stages/maybe_known/method", "full", "`strategies.two_stage`: a stage with `method` lora cannot follow one with"),
    ("strategies/two_stage", ["maybe_knwon"], "`strategies.two_stage` names the unknown stage 'maybe_knwon'"),
    ("strategies/base", ["gradual"], "`strategies.base`"),
    ("comparisons", [["base", "one_stag"]], "unknown strategy 'one_stag'; did you mean 'one_stage'?"),
    ("comparisons", [["one_stage", "one_stage"]], "compares 'one_stage' with itself"),
    ("evaluation/arms", {"Unknown": "one_stag"}, "`evaluation.arms.Unknown` names the unknown strategy 'one_stag'"),
    (
        "pretraining/heads",
        3,
        "`pretraining.hidden_size` is 128: it must be a multiple of twice `pretraining.heads` (6)",
    ),
    ("world/exposure/minimum", 50, "`world.exposure.minimum` (50) is more than `world.exposure.maximum` (48)"),
    ("world/splits/train", 0.4, "`world.splits` sum to 1.1"),
    ("world/opening/share", 0, "`world.opening`"),
    ("data/source", "file", "`data.path` is missing"),
    ("data/path", "some.zip", "`data.source` is simulated"),
    ("data/phrases", "phrases.tsv", "`data.phrases` belongs to `data.source` wiki_qa"),
    ("data/splits/train", 0.7, "`data.splits` sum to 1.1"),
    ("data/source", "popqa", "`model.source` is pretrain, which knows no statements for `data.source` popqa"),
    ("model/source", "hub", "`model.name` is missing"),
    ("model/source", "local", "`model.path` is missing"),
    ("model/name", "Qwen/Qwen2-7B", "`model.name` is given, but `model.source` is pretrain"),
    ("model/path", "folder", "`model.path` is given, but `model.source` is pretrain"),
    ("model/chat_template", True, "the model that is pretrained here has none"),
]


def test_random_questions_go_with_a_selection_or_alone(defaults, cross_faults):
    settings = copy.deepcopy(defaults)
    random = settings["stages"]["gradual"]
    random["matched_random"] = {"size_of": "maybe_known", "ratio": 0.5, "from": []}
    assert cross_faults(settings) == []
    random["train_on"]["now"] = []
    assert cross_faults(settings) == []
    random["matched_random"]["size_of"] = "gradual"
    (fault,) = cross_faults(settings)
    assert fault.startswith("`stages.gradual.matched_random.size_of` names a stage without `train_on`")


def test_chances_go_with_exact_match_alone(defaults, cross_faults):
    settings = copy.deepcopy(defaults)
    settings["knowledge"]["estimator"] = "likelihood"
    assert cross_faults(settings) == []
    settings["data"]["match"] = "contains"
    (fault,) = cross_faults(settings)
    assert fault.startswith("`knowledge.estimator` likelihood") and "`data.match` contains" in fault


def test_vllm_draws_answers_from_whole_weights_alone(defaults, cross_faults):
    settings = copy.deepcopy(defaults)
    settings["knowledge"]["engine"] = "vllm"
    assert cross_faults(settings) == []
    settings["knowledge"]["estimator"] = "likelihood"
    settings["model"]["quantization"] = "4bit"
    chances, bits = cross_faults(settings)
    assert chances.startswith("`knowledge.engine` vllm") and "no chances" in chances
    assert bits.startswith("`knowledge.engine` vllm") and "`model.quantization`" in bits


def test_four_bits_go_with_adapters_alone(defaults, cross_faults):
    settings = copy.deepcopy(defaults)
    settings["model"]["quantization"] = "4bit"
    assert cross_faults(settings) == []
    settings["stages"]["gradual"]["method"] = "full"
    (fault,) = cross_faults(settings)
    assert fault.startswith("`stages.gradual.method` is full")


@pytest.mark.parametrize(("own", "expected"), [({}, 1e-4), ({"learning_rate": 3e-4}, 3e-4)])
def test_a_second_stage_follows_the_learning_rate_of_training(root, defaults, own, expected):
    settings = copy.deepcopy(defaults)
    settings["training"]["learning_rate"] = 2e-4
    settings["stages"]["gradual"] |= own
    path = root / "rules/chains.smk"
    names = {"config": settings}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), names)
    assert names["learning_rate"](SimpleNamespace(checkpoint="maybe_known/seed1")) == 2e-4
    assert names["learning_rate"](SimpleNamespace(checkpoint="maybe_known+gradual/seed1")) == expected


@pytest.mark.parametrize(("place", "value", "message"), CROSS)
def test_keys_must_fit_together(defaults, cross_faults, place, value, message):
    settings = copy.deepcopy(defaults)
    *above, last = place.split("/")
    section = settings
    for key in above:
        section = section[key]
    section[last] = value
    faults = cross_faults(settings)
    assert any(message in fault for fault in faults), faults


FAULTY = """
learning_rat: 1
model: {source: hubb}
training: {learning_rat: 0.1, batch_size: 0, method: loar, prompt: "no place for it"}
knowledge: {temperature: 0, top_k: 0, samples: some}
world: {splits: {train: 0.9}}
stages:
  Unfit: {}
  odd: {train_on: {now: [MaybKnown, Unknown]}, replay: {HighlyKnown: -1, Highly: 1}, steps_as: graduall}
strategies: {strange: [od]}
comparisons: [[base, stranger]]
seeds: [1, 2, 2]
evaluation: {arms: {Unknwn: strange}}
"""
REPORTED = [
    "key `learning_rat` is unknown, did you mean `pretraining.learning_rate` or `training.learning_rate`?",
    "`model.source` is 'hubb'; did you mean 'hub'?",
    "key `training.learning_rat` is unknown, did you mean `training.learning_rate`?",
    "`training.batch_size`: 0 is less than the minimum of 1",
    "`training.method` is 'loar'; did you mean 'lora'?",
    "`training.prompt`",
    "`knowledge.temperature`",
    "`knowledge.top_k`",
    "`knowledge.samples`: 'some' is not of type 'integer'",
    "`world.splits` sum to 1.6",
    "'Unfit' will not do: a name begins with a-z",
    "`stages.odd.train_on.now[0]` is 'MaybKnown'; did you mean 'MaybeKnown'?",
    "`stages.odd.replay.HighlyKnown`: -1 is less than the minimum of 0",
    "key `stages.odd.replay.Highly` is unknown, did you mean `stages.odd.replay.HighlyKnown`?",
    "`stages.odd.steps_as` names the unknown stage 'graduall'; did you mean 'gradual'?",
    "`strategies.strange` names the unknown stage 'od'; did you mean 'odd'?",
    "`comparisons[0]` names the unknown strategy 'stranger'; did you mean 'strange'?",
    "`seeds`: [1, 2, 2] has non-unique elements",
    "`evaluation.arms` is 'Unknwn'; did you mean 'Unknown'?",
]


def test_all_faults_are_reported_at_once(dry_run, root, tmp_path):
    (tmp_path / "faulty.yaml").write_text(FAULTY)
    printed = dry_run("--configfile", tmp_path / "faulty.yaml", fails=True)
    missing = [message for message in REPORTED if message not in printed]
    assert not missing, printed
    assert "Traceback" not in printed


def test_sections_of_the_wrong_kind_are_named(dry_run):
    printed = dry_run("--config", "training=3", "stages={gradual: 4, maybe_known: null}", fails=True)
    assert "`training`: 3 is not of type 'object'" in printed and "`stages.gradual`: '4' is not of type" in printed
    assert "`strategies.one_stage` names the unknown stage 'maybe_known'" in printed, "removed, but still used"
    assert "Traceback" not in printed


REFUSED = {
    "training: {prompt: '{question} or {question}'}": "it must hold {question} once",
    "evaluation: {bootstrap: 1000.0}": "`evaluation.bootstrap`: 1000.0 is not of type 'integer'",
    "seeds: [5000000000]": "`seeds[0]`: 5000000000 is greater than the maximum of 4294967295",
    "pathvars: {result: mine}": "`pathvars` is 'result'; did you mean 'results'?",
    "pathvars: {results: ~/mine}": "`pathvars.results`: '~/mine' will not do: the path of a folder",
    "model: {source: hub, name: 'https://hub/Qwen/Qwen2-7B'}": "the name of a repository is owner/name",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_would_fail_later_is_refused_at_once(dry_run, tmp_path, line):
    (tmp_path / "faulty.yaml").write_text(f"{line}\n")
    assert REFUSED[line] in dry_run("--configfile", tmp_path / "faulty.yaml", fails=True)


def test_values_may_come_as_text(dry_run, job_counts):
    settings = ["training={learning_rate: 5e-3, max_epochs: 7}", "evaluation={retest: False}", "seeds=[4]"]
    assert job_counts(dry_run("results/model", "--config", *settings))["pretrain_base_model"] == 1


def test_an_empty_configuration_is_the_default_experiment(dry_run, job_counts, tmp_path):
    (tmp_path / "empty.yaml").write_text("{}\n")
    assert job_counts(dry_run("--configfile", tmp_path / "empty.yaml")) == job_counts(dry_run())
