"""Epochs of a stage: the first best one counts, and training stops once nothing has improved for long enough."""

import pandas as pd
import pytest

from gradual_learning.evaluation.learning_curves import LOG
from gradual_learning.training import early_stopping


def history(*accuracies):
    """Return the log of a Trainer that measured these accuracies, the first before training."""
    entries = [{"step": 0, "eval_validation_accuracy": accuracies[0]}]
    for epoch, accuracy in enumerate(accuracies[1:], start=1):
        entries.append({"step": 4 * epoch, "loss": 1 / epoch})
        entries.append({"step": 4 * epoch, "eval_validation_accuracy": accuracy, "eval_train_accuracy": 0.5})
    return entries


def test_the_result_has_the_metrics_of_all_epochs():
    result = early_stopping.result_of([*history(0.1, 0.2, 0.4), {"step": 8, "train_runtime": 1.0}])
    assert result.epochs == [
        {"epoch": 0, "step": 0, "train_loss": None, "validation_accuracy": 0.1},
        {"epoch": 1, "step": 4, "train_loss": 1.0, "train_accuracy": 0.5, "validation_accuracy": 0.2},
        {"epoch": 2, "step": 8, "train_loss": 0.5, "train_accuracy": 0.5, "validation_accuracy": 0.4},
    ]
    assert result.summary() == {
        "steps": 8,
        "epochs": 2,
        "best_epoch": 2,
        "best_validation_accuracy": 0.4,
        "passed_through": False,
    }


def test_of_equal_epochs_the_first_is_best_and_the_start_is_none_of_them():
    assert early_stopping.result_of(history(0.5, 0.1, 0.4, 0.4, 0.2)).best_epoch == 2


@pytest.mark.parametrize(
    ("accuracies", "stops"),
    [
        ([0.9], False),
        ([0.9, 0.3], False),
        ([0.9, 0.3, 0.2], False),
        ([0.9, 0.3, 0.2, 0.3], True),
        ([0.9, 0.3, 0.2, 0.4], False),
        ([0.9, 0.3, 0.2, 0.4, 0.4, 0.1], True),
    ],
)
def test_training_stops_after_two_epochs_without_improvement(accuracies, stops):
    assert early_stopping.should_stop(history(*accuracies), patience=2) == stops


def test_train_accuracy_is_the_weighted_mean_of_its_categories():
    correct = pd.Series([True, True, False, True, False], index=list("abcde"))
    at_base = dict(zip("abcde", ["HighlyKnown", "HighlyKnown", "Unknown", "Unknown", "Unknown"], strict=True))
    shares = early_stopping.train_accuracies(correct, at_base)
    assert shares["train_accuracy_HighlyKnown"] == 1 and "train_accuracy_MaybeKnown" not in shares
    mean = (2 * shares["train_accuracy_HighlyKnown"] + 3 * shares["train_accuracy_Unknown"]) / 5
    assert shares["train_accuracy"] == pytest.approx(mean) == pytest.approx(0.6)
    assert set(shares) <= set(LOG), "the table of learning curves has other names"


def test_a_stage_without_questions_has_no_train_accuracy():
    assert early_stopping.train_accuracies(pd.Series([], dtype=bool), {}) == {}
