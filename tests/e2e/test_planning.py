"""The plan of a finished experiment: it counts what the run has done."""

import shutil

import pandas as pd
import pytest

from gradual_learning.tables.files import read_json_lines, read_table
from gradual_learning.tables.schemas import ANSWERS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned(finished, snakemake, tiny, tmp_path_factory):
    """The results of a copy of the finished run, planned afterwards, and the table of the plan."""
    folder = tmp_path_factory.mktemp("planned") / "copy"
    shutil.copytree(finished.parent, folder)
    snakemake("--cores", 2, "--configfile", tiny, "--", "plan", cwd=folder)
    return folder / "results", pd.read_csv(folder / "results/plan/plan.tsv", sep="\t").set_index("rule")


def few_shot_answers(results):
    shards = [path for path in results.glob("answers/**/*.parquet") if "zero_shot" not in path.parts]
    return [read_table(path, ANSWERS) for path in shards]


def test_few_shot_answers_are_those_of_the_run(planned):
    results, table = planned
    row, shards = table.loc["sample_answers"], few_shot_answers(results)
    assert row["jobs"] == len(shards)
    greedy, samples = sum(map(len, shards)), sum(shard["samples"].map(len).sum() for shard in shards)
    assert row["generations_at_most"] == greedy * (1 + 6)
    assert row["generations"] == greedy + samples == row["generations_at_most"], (
        "most samples end early, none is skipped"
    )
    assert row["tokens_written"] < row["tokens_written_at_most"] / 2


def test_zero_shot_answers_are_those_of_the_run(planned):
    results, table = planned
    files = list(results.glob("answers/**/zero_shot/**/*.parquet"))
    rules = ["answer_zero_shot", "answer_zero_shot_base"]
    assert table.loc[rules, "generations"].sum() == sum(len(pd.read_parquet(path)) for path in files)


def test_training_stays_within_the_upper_bound(planned):
    results, table = planned
    summaries = [read_json_lines(path, whole=True)[0] for path in results.glob("checkpoints/*/*/summary.json")]
    row = table.loc["finetune"]
    assert row["jobs"] == len(summaries)
    assert 0 < sum(summary["steps"] for summary in summaries) <= row["training_steps_at_most"]


def test_pretraining_steps_are_exact(planned):
    results, table = planned
    last = read_json_lines(results / "world/pretraining_log.jsonl")[-1]["step"]
    assert 0 <= table.loc["pretrain_base_model", "training_steps"] - last < 30, "the log has about twenty entries"


def test_the_model_and_the_labels_of_the_run_are_used(planned):
    page = (planned[0] / "plan/plan.md").read_text(encoding="utf-8")
    assert "measured on this machine with the base model" in page and "as labeled under the base model" in page
