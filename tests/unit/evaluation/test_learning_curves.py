"""Learning curves: the logs of all checkpoints in one table."""

import json

import pytest

from gradual_learning.evaluation.learning_curves import learning_curves
from gradual_learning.jobs.errors import UserError


def write_run(folder, epochs, best_epoch):
    logs, summaries = folder / "log.jsonl", folder / "summary.json"
    logs.write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs))
    summaries.write_text(json.dumps({"best_epoch": best_epoch}, indent=2))
    return {"a+b/seed3": str(logs)}, {"a+b/seed3": str(summaries)}


def test_the_best_epoch_is_marked(tmp_path):
    epochs = [
        {"epoch": epoch, "step": 3 * epoch, "train_loss": None if epoch == 0 else 0.5, "train_accuracy_Unknown": 0.25}
        for epoch in range(3)
    ]
    table = learning_curves(*write_run(tmp_path, epochs, best_epoch=2))
    assert table["best"].tolist() == [False, False, True]
    assert table["step"].tolist() == [0, 3, 6]
    assert table.loc[0, ["checkpoint", "seed", "stage"]].tolist() == ["a+b", 3, "b"]
    assert (table["train_accuracy_Unknown"] == 0.25).all() and table["train_accuracy_HighlyKnown"].isna().all()


def test_the_error_for_a_broken_log_gives_its_line(tmp_path):
    logs, summaries = write_run(tmp_path, [{"epoch": 0}], best_epoch=0)
    with open(logs["a+b/seed3"], "a") as handle:
        handle.write('{"epoch":\n')
    with pytest.raises(UserError, match=r"log\.jsonl:2"):
        learning_curves(logs, summaries)
