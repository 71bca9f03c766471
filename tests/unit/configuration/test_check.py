"""A configuration is completed, or all of its faults are reported at once."""

import copy

import pytest
import yaml

from gradual_learning.jobs.errors import UserError

FAULTY = """
learning_rat: 1
model: {source: hubb}
training: {learning_rat: 0.1, batch_size: 0, method: loar, prompt: "without a place"}
knowledge: {temperature: 0, top_k: 0, samples_per_prompt: some, mode: full}
world: {splits: {train: 0.9}}
stages:
  Unfit: {}
  odd: {train_on: {current: [MaybKnown, Unknown]}, replay: {HighlyKnown: -1, Highly: 1}, match_steps_of: graduall}
strategies: {strange: [od]}
comparisons: [[base, stranger]]
seeds: [1, 2, 2]
evaluation: {category_ranking: {Unknwn: strange}}
"""
REPORTED = [
    "key `learning_rat` is unknown, did you mean `pretraining.learning_rate` or `training.learning_rate`?",
    "`model.source` is 'hubb'; did you mean hub?",
    "key `training.learning_rat` is unknown, did you mean `training.learning_rate`?",
    "`training.batch_size`: 0 is less than the minimum of 1",
    "`training.method` is 'loar'; did you mean lora?",
    "`training.prompt`: 'without a place' is invalid: it must contain {question} exactly once",
    "`knowledge.temperature`: 0 is less than or equal to the minimum of 0",
    "`knowledge.top_k`: 0 is less than the minimum of 1",
    "`knowledge.samples_per_prompt`: 'some' is not of type 'integer'",
    "`knowledge.mode` is now `knowledge.sampling`",
    "`world.splits` sum to 1.69: the shares of train, dev and test must sum to 1",
    "`stages`: 'Unfit' is invalid: a name starts with a-z and continues with a-z, 0-9 and _",
    "`stages.odd.train_on.current[0]` is 'MaybKnown'; did you mean MaybeKnown or WeaklyKnown or HighlyKnown?",
    "`stages.odd.replay.HighlyKnown`: -1 is less than the minimum of 0",
    "key `stages.odd.replay.Highly` is unknown, did you mean `stages.odd.replay.HighlyKnown`?",
    "`stages.odd` selects nothing: set `train_on` or `matched_random`",
    "`stages.odd.match_steps_of` names the unknown stage 'graduall'; known: odd",
    "`strategies.strange` names the unknown stage 'od'; did you mean odd?",
    "`comparisons[0]` names the unknown strategy 'stranger'; did you mean strange?",
    "`seeds`: [1, 2, 2] has non-unique elements",
    "`evaluation.category_ranking` is 'Unknwn'; did you mean Unknown?",
]


def test_all_faults_are_reported_at_once(completed):
    with pytest.raises(UserError) as caught:
        completed(yaml.safe_load(FAULTY))
    heading, *faults = str(caught.value).split("\n  - ")
    assert heading == f"the configuration has {len(REPORTED)} faults:"
    assert sorted(faults) == sorted(REPORTED)


def test_a_single_fault_is_not_a_plural(completed):
    with pytest.raises(UserError, match=r"^the configuration has 1 fault:\n  - `figures\.dpi`: 1 is less than"):
        completed({"figures": {"dpi": 1}})


def test_the_given_configuration_is_left_unchanged(completed):
    given = {"strategies": {"one_stage": ["maybe_known"], "two_stage": None}, "seeds": ["1"]}
    copied = copy.deepcopy(given)
    assert completed(given | {"comparisons": []})["seeds"] == [1]
    assert given == copied


@pytest.mark.parametrize("null", [None, "null"])
def test_null_removes_a_stage_and_a_strategy_with_its_comparisons(completed, defaults, null):
    stages, strategies = defaults["stages"], defaults["strategies"]
    settings = {"stages": stages | {"gradual": null}, "strategies": strategies | {"two_stage": null}}
    found = completed(settings | {"comparisons": defaults["comparisons"]})
    assert set(found["stages"]) == set(stages) - {"gradual"}
    assert set(found["strategies"]) == set(strategies) - {"two_stage"}
    assert found["comparisons"] == [pair for pair in defaults["comparisons"] if "two_stage" not in pair]
    assert len(found["comparisons"]) == 6


def test_a_stage_that_is_removed_but_used_is_named(completed, defaults):
    with pytest.raises(UserError, match=r"`strategies\.one_stage` names the unknown stage 'maybe_known'"):
        completed({"stages": defaults["stages"] | {"maybe_known": None}})


def test_sections_of_the_wrong_type_are_named(completed, defaults):
    with pytest.raises(UserError) as caught:
        completed({"training": 3, "stages": defaults["stages"] | {"gradual": 4}})
    for message in ("`training`: 3 is not of type 'object'", "`stages.gradual`: 4 is not of type 'object'"):
        assert message in str(caught.value)
