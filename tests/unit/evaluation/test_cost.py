"""Cost by strategy: counted from files; shared checkpoints count once in the total and once in each strategy."""

import json

import pandas as pd
import pytest

from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.cost import KEYS, MEASURES, cost_by_strategy, count_cost, read_benchmark
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import EVALUATION, KNOWLEDGE

DESIGN = Design({"one": ["a"], "two": ["a", "b"], "three": ["a", "b", "c"], "other": ["d"]}, [3, 5])


def amounts():
    """Make one part for every checkpoint and activity of the design, each with another number of seconds."""
    chains = ["a", "a+b", "a+b+c", "d"]
    checkpoints = [f"{chain}/seed{seed}" for chain in chains for seed in DESIGN.seeds]
    parts = [("base", "pretraining"), ("base", "labeling"), ("base", "evaluation")]
    parts += [(name, activity) for name in checkpoints for activity in ("training", "evaluation")]
    parts += [(name, "labeling") for name in checkpoints if not name.startswith("d")]
    table = pd.DataFrame(parts, columns=KEYS)
    return table.assign(jobs=1, seconds=[2.0**place for place in range(len(table))], peak_memory_mb=range(len(table)))


def seconds(parts, *chosen):
    by_part = parts.set_index(KEYS)["seconds"]
    return sum(by_part[f"{chain}/seed{seed}", activity] for chain, activity in chosen for seed in DESIGN.seeds)


def test_a_strategy_is_charged_for_its_stages_and_the_total_for_each_once():
    parts = amounts()
    table = cost_by_strategy(parts, DESIGN, MEASURES)
    whole = table[table["activity"] == "all"].set_index("strategy")
    one = [("a", "training"), ("a", "evaluation")]
    two = [("a", "training"), ("a+b", "training"), ("a", "labeling"), ("a+b", "labeling"), ("a+b", "evaluation")]
    assert whole.loc["one", "seconds"] == seconds(parts, *one)
    assert whole.loc["two", "seconds"] == seconds(parts, *two)
    assert whole.loc["total", "seconds"] == parts["seconds"].sum()
    assert whole.loc["total", "jobs"] == len(parts) and whole.loc["total", "checkpoints"] == 9
    assert whole.loc["base", "seconds"] == 1 + 2 + 4 and whole.loc["two", "checkpoints"] == 4


def test_activities_add_up_and_memory_is_the_maximum():
    table = cost_by_strategy(amounts(), DESIGN, MEASURES)
    for _, part in table.groupby("strategy"):
        whole = part[part["activity"] == "all"].iloc[0]
        rest = part[part["activity"] != "all"]
        assert rest["seconds"].sum() == whole["seconds"] and rest["jobs"].sum() == whole["jobs"]
        assert rest["peak_memory_mb"].max() == whole["peak_memory_mb"]
    assert table["strategy"].drop_duplicates().tolist() == ["base", *DESIGN.strategies, "total"]
    single = table[table["strategy"] == "other"]["activity"].tolist()
    assert single == ["training", "evaluation", "all"], "a strategy of one stage needs no labeling"


def test_the_order_of_the_parts_does_not_matter():
    parts = amounts()
    shuffled = parts.sample(frac=1, random_state=1)
    ordered, other = (cost_by_strategy(table, DESIGN, MEASURES) for table in (parts, shuffled))
    pd.testing.assert_frame_equal(ordered, other)


def test_generations_are_counted_in_the_files(tmp_path):
    known = pd.DataFrame({"id": ["x", "y"], "relation": "r", "p_greedy": 0.0, "p_sampled": None, "category": "Unknown"})
    known = known.assign(greedy_correct=0, greedy_drawn=10, sampled_correct=0, sampled_drawn=[160, 32])
    write_table(known, KNOWLEDGE, tmp_path / "known.parquet")
    assert count_cost("labeling", tmp_path / "known.parquet", 50) == {
        "generations": 20 + 192,
        "questions": 0,
        "steps": 0,
    }
    answers = pd.DataFrame({"id": ["x", "y", "z"], "relation": "r", "answer": "a", "correct": True})
    write_table(answers, EVALUATION, tmp_path / "answers.parquet")
    assert count_cost("evaluation", tmp_path / "answers.parquet", 50)["generations"] == 3


@pytest.mark.parametrize(("questions", "tracked"), [(0, 0), (100, 100), (5000, 256)])
def test_training_is_charged_for_the_answers_of_its_learning_curve(tmp_path, questions, tracked):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps({"questions": questions, "steps": 40, "epochs": 4}, indent=2) + "\n")
    found = count_cost("training", path, validation=50)
    assert found == {"questions": questions, "steps": 40, "generations": 5 * (50 + tracked)}


@pytest.mark.parametrize(("memory", "expected"), [("568.80", 568.8), ("NA", None), ("-", None)])
def test_a_benchmark_file_is_read(tmp_path, memory, expected):
    path = tmp_path / "benchmark.tsv"
    path.write_text(f"s\th:m:s\tmax_rss\tmax_vms\n10.89\t0:00:10\t{memory}\t2456.11\n")
    found = read_benchmark(path)
    assert (found["jobs"], found["seconds"]) == (1, 10.89)
    assert found["peak_memory_mb"] == expected if expected else pd.isna(found["peak_memory_mb"])
