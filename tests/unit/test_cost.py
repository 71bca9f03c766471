"""Cost by strategy: counted from real files, shared checkpoints once in the total and once in each strategy."""

import json

import pandas as pd
import pytest

from gradual_learning.measures import cost
from gradual_learning.records import EVALUATION, KNOWLEDGE, write_table

STRATEGIES = {"one": ["a"], "two": ["a", "b"], "three": ["a", "b", "c"], "arm": ["d"]}
SEEDS = [3, 5]


def amounts():
    """One part for all that there is of the strategies above, each of another size."""
    chains = ["a", "a+b", "a+b+c", "d"]
    ends = [f"{chain}/seed{seed}" for chain in chains for seed in SEEDS]
    parts = [("base", "pretraining"), ("base", "labelling"), ("base", "evaluation")]
    parts += [(end, activity) for end in ends for activity in ("training", "evaluation")]
    parts += [(end, "labelling") for end in ends if not end.startswith("d")]
    table = pd.DataFrame(parts, columns=cost.PART)
    return table.assign(jobs=1, seconds=[2.0**place for place in range(len(table))], peak_memory_mb=range(len(table)))


def seconds(parts, *chosen):
    by_part = parts.set_index(cost.PART)["seconds"]
    return sum(by_part[f"{chain}/seed{seed}", activity] for chain, activity in chosen for seed in SEEDS)


def test_every_strategy_bears_its_stages_and_the_total_bears_each_once():
    parts = amounts()
    table = cost.by_strategy(parts, STRATEGIES, SEEDS, cost.MEASURES)
    whole = table[table["activity"] == "all"].set_index("strategy")
    one = [("a", "training"), ("a", "evaluation")]
    two = [("a", "training"), ("a+b", "training"), ("a", "labelling"), ("a+b", "labelling"), ("a+b", "evaluation")]
    assert whole.loc["one", "seconds"] == seconds(parts, *one)
    assert whole.loc["two", "seconds"] == seconds(parts, *two)
    assert whole.loc["total", "seconds"] == parts["seconds"].sum()
    assert whole.loc["total", "jobs"] == len(parts) and whole.loc["total", "checkpoints"] == 9
    assert whole.loc["base", "seconds"] == 1 + 2 + 4 and whole.loc["two", "checkpoints"] == 4


def test_activities_add_up_and_memory_is_the_highest():
    table = cost.by_strategy(amounts(), STRATEGIES, SEEDS, cost.MEASURES)
    for _, part in table.groupby("strategy"):
        whole = part[part["activity"] == "all"].iloc[0]
        rest = part[part["activity"] != "all"]
        assert rest["seconds"].sum() == whole["seconds"] and rest["jobs"].sum() == whole["jobs"]
        assert rest["peak_memory_mb"].max() == whole["peak_memory_mb"]
    assert table["strategy"].drop_duplicates().tolist() == ["base", *STRATEGIES, "total"]
    arm = table[table["strategy"] == "arm"]["activity"].tolist()
    assert arm == ["training", "evaluation", "all"], "an arm of one stage is not sorted again"


def test_the_order_of_the_parts_changes_nothing():
    parts = amounts()
    shuffled = parts.sample(frac=1, random_state=1)
    straight, other = (cost.by_strategy(table, STRATEGIES, SEEDS, cost.MEASURES) for table in (parts, shuffled))
    pd.testing.assert_frame_equal(straight, other)


def test_counts_come_from_the_files(tmp_path):
    known = pd.DataFrame({"id": ["x", "y"], "relation": "r", "p0": 0.0, "ps": None, "category": "Unknown"})
    known = known.assign(greedy_correct=0, greedy_drawn=10, sampled_correct=0, sampled_drawn=[160, 32])
    write_table(known, KNOWLEDGE, tmp_path / "known.parquet")
    assert cost.counted("labelling", tmp_path / "known.parquet", 50) == {
        "generations": 20 + 192,
        "questions": 0,
        "steps": 0,
    }
    answers = pd.DataFrame({"id": ["x", "y", "z"], "relation": "r", "answer": "a", "correct": True})
    write_table(answers, EVALUATION, tmp_path / "answers.parquet")
    assert cost.counted("evaluation", tmp_path / "answers.parquet", 50)["generations"] == 3


@pytest.mark.parametrize(("questions", "tracked"), [(0, 0), (100, 100), (5000, 256)])
def test_training_is_charged_its_learning_curve(tmp_path, questions, tracked):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps({"questions": questions, "steps": 40, "epochs": 4}, indent=2) + "\n")
    found = cost.counted("training", path, validation=50)
    assert found == {"questions": questions, "steps": 40, "generations": 5 * (50 + tracked)}


@pytest.mark.parametrize(("memory", "expected"), [("568.80", 568.8), ("NA", None), ("-", None)])
def test_a_benchmark_file_is_read(tmp_path, memory, expected):
    path = tmp_path / "benchmark.tsv"
    path.write_text(f"s\th:m:s\tmax_rss\tmax_vms\n10.89\t0:00:10\t{memory}\t2456.11\n")
    found = cost.measured(path)
    assert (found["jobs"], found["seconds"]) == (1, 10.89)
    assert found["peak_memory_mb"] == expected if expected else pd.isna(found["peak_memory_mb"])
