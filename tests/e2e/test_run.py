"""The whole path on a tiny world: everything is made, and the numbers agree with each other."""

import json

import matplotlib.image
import numpy as np
import pytest

from gradual_learning import records
from gradual_learning.records import CATEGORIES

pytestmark = pytest.mark.slow

SUBJECTS = ["accuracy", "forgetting", "knowledge_gain", "categories", "transitions", "learning_curves", "exposure"]
FIRST, SECOND = "maybe_known/seed4", "maybe_known+gradual_replay/seed4"


def table(finished, name):
    return records.read_tsv(finished / "tables" / f"{name}.tsv")


def knowledge(finished, checkpoint, split):
    return records.read_table(finished / "categories" / checkpoint / f"{split}.parquet", records.KNOWLEDGE)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_figure_is_a_picture_with_its_table_beside_it(finished, subject):
    picture = matplotlib.image.imread(finished / "figures" / f"{subject}.png")
    assert picture.shape[0] > 300 and picture.shape[1] > 900 and picture.std() > 0.01
    assert (finished / "figures" / f"{subject}.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
    assert len(table(finished, subject)) > 0


def test_questions_are_split_by_subject_and_none_is_lost(finished):
    questions = records.read_table(finished / "data/questions.parquet", records.QUESTIONS)
    facts = records.read_table(finished / "world/facts.parquet", records.FACTS)
    assert set(questions["id"]) == set(facts[facts["split"] != "taught"]["id"])
    assert (questions.groupby("subject")["split"].nunique() == 1).all()
    dropped = records.read_tsv(finished / "data/dropped.tsv")
    assert len(dropped) > 5 and dropped["count"].sum() == 0


def test_categories_partition_the_questions_of_each_split(finished):
    questions = records.read_table(finished / "data/questions.parquet", records.QUESTIONS)
    for checkpoint in ("base", FIRST, SECOND):
        known = knowledge(finished, checkpoint, "train")
        assert set(known["id"]) == set(questions[questions["split"] == "train"]["id"])
        assert set(known["category"]) <= set(CATEGORIES)
    assert set(knowledge(finished, "base", "probe")["id"]) == set(knowledge(finished, FIRST, "probe")["id"])
    shares = table(finished, "categories")
    sums = shares[shares["seed"] != "mean"].groupby(["checkpoint", "seed", "split"])["share"].sum()
    assert np.allclose(sums, 1)


def test_training_data_follows_its_formula(finished):
    base = knowledge(finished, "base", "train").set_index("id")["category"]
    first = lines(finished / "training_data" / f"{FIRST}.jsonl")
    assert {row["id"] for row in first} == set(base[base == "MaybeKnown"].index)
    now = knowledge(finished, FIRST, "train").set_index("id")["category"]
    second = lines(finished / "training_data" / f"{SECOND}.jsonl")
    selected = {row["id"] for row in second if row["role"] == "selected"}
    replayed = [row["id"] for row in second if row["role"] == "replay"]
    assert selected == set(now[now == "MaybeKnown"].index)
    assert len(replayed) == min(round(0.2 * len(selected)), (now == "HighlyKnown").sum())
    assert set(now[replayed]) <= {"HighlyKnown"}
    control = lines(finished / "training_data/as_many/seed4.jsonl")
    assert len(control) == len(first) and {row["category_now"] for row in control} <= {"WeaklyKnown", "Unknown"}
    page = (finished / "training_data" / f"{SECOND}.md").read_text(encoding="utf-8")
    assert "C(q) in {MaybeKnown}" in page and f"trains on {len(second)} questions" in page


def test_full_accuracy_is_the_weighted_mean_of_its_categories(finished):
    for _, part in table(finished, "accuracy").groupby(["strategy", "epoch"]):
        part = part.set_index("category")
        four = part.loc[[name for name in CATEGORIES if part.loc[name, "questions"]]]
        mean = np.average(four["accuracy"], weights=four["questions"])
        assert mean == pytest.approx(part.loc["Full", "accuracy"], abs=1e-5)
        assert (part["low"] <= part["accuracy"])[four.index].all() and (part["accuracy"] <= part["high"])[
            four.index
        ].all()


def test_a_stage_without_questions_passes_its_parent_through_and_says_so(finished):
    summary = json.loads((finished / "checkpoints/nobody/seed4/summary.json").read_text(encoding="utf-8"))
    assert summary["passed_through"] and summary["questions"] == summary["steps"] == 0
    assert "passes its parent through" in (finished / "training_data/nobody/seed4.md").read_text(encoding="utf-8")
    for split in ("test", "train"):
        paths = [finished / "evaluation" / name / f"{split}.parquet" for name in ("base", "nobody/seed4")]
        before, after = (records.read_table(path, records.EVALUATION) for path in paths)
        assert before.equals(after)
    pair = table(finished, "comparisons").query("strategy == 'passed_through' and category == 'Full'").iloc[0]
    assert pair["difference"] == pair["low"] == pair["high"] == 0 and pair["mcnemar_p"] == 1


def test_the_continued_stage_makes_as_many_steps_as_its_sibling(finished):
    steps = [
        json.loads((finished / f"checkpoints/maybe_known+{name}/seed4/summary.json").read_text(encoding="utf-8"))[
            "steps"
        ]
        for name in ("continued", "gradual_replay")
    ]
    assert steps[0] == steps[1] > 0


def test_transitions_count_every_question_once(finished):
    moves = table(finished, "transitions")
    for (_, target, _, split), part in moves.groupby(["from_checkpoint", "to_checkpoint", "seed", "split"]):
        expected = len(knowledge(finished, "base", split))
        assert part["questions"].sum() == expected, target
    assert "base (retest)" in set(moves["to_checkpoint"])


def test_what_was_stated_more_often_is_recalled_better(finished):
    exposure = table(finished, "exposure").drop_duplicates("low_exposure")
    recalled = exposure.sort_values("low_exposure")["recalled"].to_numpy()
    assert recalled[-2:].mean() > recalled[:2].mean() + 0.2


def test_scratch_is_gone_and_no_half_written_file_is_left(finished):
    left = [path for path in finished.rglob("*") if ".partial" in path.name or path.name.endswith(".scratch")]
    assert left == []


def test_a_second_run_does_nothing(finished, tiny, snakemake):
    assert "Nothing to be done" in snakemake("--dry-run", "--configfile", tiny, cwd=finished.parent)


def test_every_job_leaves_its_log_and_its_cost(finished):
    assert len(list((finished.parent / "logs").rglob("*.log"))) > 40
    costs = list((finished.parent / "benchmarks").rglob("finetune/**/*.tsv"))
    assert len(costs) == 5
    assert all(float(records.read_tsv(path)["max_rss"].iloc[0]) < 3000 for path in costs)
