"""The training of each checkpoint: which numbers are exact, and which lie between expected and at most."""

import pytest

from gradual_learning.plan import stages


@pytest.fixture
def size(workload):
    """The number of train questions."""
    return (workload.questions["split"] == "train").sum()


def bounds(plan, name, **changes):
    """Return the expected and the largest number of questions of a stage."""
    return [plan(at_most=at_most, **changes).stages[name].questions for at_most in (False, True)]


def test_labels_make_the_first_stage_exact(plan, size):
    labels = ["MaybeKnown"] * 30 + ["Unknown"] * (size - 30)
    assert bounds(plan, "first/seed1", labels=labels) == [30, 30]
    assert bounds(plan, "first+second/seed1", labels=labels) == [30, size], "the second stage is labeled again"
    assert bounds(plan, "first+continued/seed1", labels=labels) == [30, 30], "it selects by the category at base"


def test_without_labels_a_stage_has_at_most_all_questions(plan, size):
    expected, at_most = bounds(plan, "first/seed1")
    assert expected == pytest.approx(stages.SHARES["MaybeKnown"] * size, abs=1) and at_most == size


def test_replay_adds_its_share(plan):
    counted = plan().stages
    without = counted["first+second/seed1"].questions
    assert counted["first+replayed/seed1"].questions == without + round(0.2 * without)


def test_a_stage_ends_after_patience_and_at_most_after_all_epochs(plan):
    expected, at_most = plan().stages["first/seed1"], plan(at_most=True).stages["first/seed1"]
    assert (expected.epochs, at_most.epochs) == (stages.BEST_EPOCH + 4, 20)
    assert expected.steps == expected.epochs * -(-expected.questions // 8)
    assert plan(training={"num_train_epochs": 3}).stages["first/seed1"].epochs == 3


def test_matched_steps_are_those_of_the_other_stage(plan):
    for at_most in (False, True):
        counted = plan(at_most=at_most).stages
        assert counted["first+continued/seed1"].steps == counted["first+replayed/seed1"].steps > 0


def test_a_fixed_number_of_steps_replaces_epochs(plan):
    for at_most in (False, True):
        counted = plan(at_most=at_most, training={"max_steps": 40}).stages
        assert counted["first/seed1"].steps == counted["first+second/seed1"].steps == 40


@pytest.mark.parametrize("max_steps", [None, 40])
def test_a_stage_without_questions_takes_no_steps(plan, size, max_steps):
    planned = plan(labels=["Unknown"] * size, training={"max_steps": max_steps})
    assert planned.stages["first/seed1"].steps == planned.work["training_steps"]["finetune"] == 0


def test_assumed_labels_have_the_published_shares(workload, size):
    questions = workload.questions.loc[workload.questions["split"] == "train"]
    shares = stages.assumed_labels(questions).value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx(stages.SHARES, abs=2 / size)
