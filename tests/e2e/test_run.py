"""A whole run on a tiny world: every file exists, and the numbers agree with each other."""

import json

import matplotlib.image
import numpy as np
import pytest

from gradual_learning.tables.files import read_table, read_tsv
from gradual_learning.tables.schemas import CATEGORIES, EVALUATION, FACTS, KNOWLEDGE, QUESTIONS

pytestmark = pytest.mark.slow

SUBJECTS = ["accuracy", "forgetting", "knowledge_gain", "categories", "transitions", "learning_curves", "exposure"]
FIRST, SECOND = "maybe_known/seed4", "maybe_known+gradual_replay/seed4"


def table(finished, name):
    return read_tsv(finished / "tables" / f"{name}.tsv")


def knowledge(finished, checkpoint, split):
    return read_table(finished / "categories" / checkpoint / f"{split}.parquet", KNOWLEDGE)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_figure_is_an_image_with_a_table(finished, subject):
    image = matplotlib.image.imread(finished / "figures" / f"{subject}.png")
    assert image.shape[0] > 300 and image.shape[1] > 900 and image.std() > 0.01
    assert (finished / "figures" / f"{subject}.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
    assert len(table(finished, subject)) > 0


def test_questions_are_split_by_subject_and_none_is_lost(finished):
    questions = read_table(finished / "data/questions.parquet", QUESTIONS)
    facts = read_table(finished / "world/facts.parquet", FACTS)
    assert set(questions["id"]) == set(facts[facts["split"] != "taught"]["id"])
    assert (questions.groupby("subject")["split"].nunique() == 1).all()
    dropped = read_tsv(finished / "data/dropped.tsv")
    assert len(dropped) > 5 and dropped["count"].sum() == 0


def test_categories_partition_the_questions_of_each_split(finished):
    questions = read_table(finished / "data/questions.parquet", QUESTIONS)
    for checkpoint in ("base", FIRST, SECOND):
        known = knowledge(finished, checkpoint, "train")
        assert set(known["id"]) == set(questions[questions["split"] == "train"]["id"])
        assert set(known["category"]) <= set(CATEGORIES)
    assert set(knowledge(finished, "base", "heldout")["id"]) == set(knowledge(finished, FIRST, "heldout")["id"])
    shares = table(finished, "categories")
    sums = shares[shares["seed"] != "mean"].groupby(["checkpoint", "seed", "split"])["share"].sum()
    assert np.allclose(sums, 1)


def test_training_data_follows_its_formula(finished):
    base = knowledge(finished, "base", "train").set_index("id")["category"]
    first = lines(finished / "training_data" / f"{FIRST}.jsonl")
    assert {row["id"] for row in first} == set(base[base == "MaybeKnown"].index)
    current = knowledge(finished, FIRST, "train").set_index("id")["category"]
    second = lines(finished / "training_data" / f"{SECOND}.jsonl")
    selected = {row["id"] for row in second if row["role"] == "selected"}
    replayed = [row["id"] for row in second if row["role"] == "replay"]
    assert selected == set(current[current == "MaybeKnown"].index)
    assert len(replayed) == min(round(0.2 * len(selected)), (current == "HighlyKnown").sum())
    assert set(current[replayed]) <= {"HighlyKnown"}
    control = lines(finished / "training_data/as_many/seed4.jsonl")
    assert len(control) == len(first) and {row["category_current"] for row in control} <= {"WeaklyKnown", "Unknown"}
    page = (finished / "training_data" / f"{SECOND}.md").read_text(encoding="utf-8")
    assert "C(q) in {MaybeKnown}" in page and f"trains on {len(second)} questions" in page


def test_full_accuracy_is_the_weighted_mean_of_its_categories(finished):
    for _, part in table(finished, "accuracy").groupby(["strategy", "epoch"]):
        part = part.set_index("category")
        four = part.loc[[name for name in CATEGORIES if part.loc[name, "questions"]]]
        mean = np.average(four["accuracy"], weights=four["questions"])
        assert mean == pytest.approx(part.loc["Full", "accuracy"], abs=1e-5)
        assert ((four["low"] <= four["accuracy"]) & (four["accuracy"] <= four["high"])).all()


def test_a_stage_without_questions_passes_its_parent_through_and_reports_it(finished):
    summary = json.loads((finished / "checkpoints/nobody/seed4/summary.json").read_text(encoding="utf-8"))
    assert summary["passed_through"] and summary["questions"] == summary["steps"] == 0
    assert "passes its parent through" in (finished / "training_data/nobody/seed4.md").read_text(encoding="utf-8")
    for split in ("test", "train"):
        paths = [finished / "evaluation" / name / f"{split}.parquet" for name in ("base", "nobody/seed4")]
        before, after = (read_table(path, EVALUATION) for path in paths)
        assert before.equals(after)
    pair = table(finished, "comparisons").query("strategy == 'passed_through' and category == 'Full'").iloc[0]
    assert pair["difference"] == pair["low"] == pair["high"] == 0 and pair["mcnemar_p"] == 1


def test_the_continued_stage_makes_as_many_steps_as_its_sibling(finished):
    folders = [finished / f"checkpoints/maybe_known+{name}/seed4" for name in ("continued", "gradual_replay")]
    summaries = [json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in folders]
    assert summaries[0]["steps"] == summaries[1]["steps"] > 0


def test_the_summary_opens_with_the_strategy_of_the_highest_validation_accuracy(finished):
    advice, curves = table(finished, "advice"), table(finished, "learning_curves")
    best = curves[curves["best"]].set_index("checkpoint")["validation_accuracy"]
    chains = {"passed_through": "nobody", "one_stage": "maybe_known", "random": "as_many"}
    chains |= {"one_stage_continued": "maybe_known+continued", "two_stage_replay": "maybe_known+gradual_replay"}
    rows = advice[advice["epoch"] == "best"].set_index("strategy")
    assert set(rows.index) == set(chains)
    for name, chain in chains.items():
        assert rows.loc[name, "validation_accuracy"] == pytest.approx(best[chain], abs=1e-5)
    (chosen,) = rows.index[rows["chosen"]]
    assert rows.loc[chosen, "validation_accuracy"] == rows["validation_accuracy"].max()
    accuracy = table(finished, "accuracy").query("category == 'Full' and epoch == 'best'").set_index("strategy")
    assert (rows["accuracy"] == accuracy.loc[rows.index, "accuracy"]).all()
    lines = (finished / "summary.md").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith("> **") and f"`{chosen}`" in lines[2]


def test_transitions_count_every_question_once(finished):
    moves = table(finished, "transitions")
    for (_, target, _, split), part in moves.groupby(["from_checkpoint", "to_checkpoint", "seed", "split"]):
        expected = len(knowledge(finished, "base", split))
        assert part["questions"].sum() == expected, target
    assert "base (relabeled)" in set(moves["to_checkpoint"])


def test_facts_that_were_stated_more_often_are_recalled_better(finished):
    exposure = table(finished, "exposure").drop_duplicates("low_exposure")
    recalled = exposure.sort_values("low_exposure")["recalled"].to_numpy()
    assert recalled[-2:].mean() > recalled[:2].mean() + 0.2


def test_no_work_folder_and_no_partial_file_remains(finished):
    hidden = [path for path in finished.rglob(".*") if path.name != ".snakemake_timestamp"]
    assert hidden == []


def test_a_second_run_does_nothing(finished, tiny, snakemake):
    assert "Nothing to be done" in snakemake("--dry-run", "--configfile", tiny, cwd=finished.parent)


def test_every_job_leaves_its_log_and_its_benchmark(finished):
    assert len(list((finished.parent / "logs").rglob("*.log"))) > 40
    benchmarks = list((finished.parent / "benchmarks").rglob("finetune/**/*.tsv"))
    assert len(benchmarks) == 5
    assert all(float(read_tsv(path)["max_rss"].iloc[0]) < 3000 for path in benchmarks)
