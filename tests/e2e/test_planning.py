"""The plan of a finished experiment: it counts what the run has done."""

import shutil

import pandas as pd
import pytest

from gradual_learning.tables.files import read_json_lines, read_table
from gradual_learning.tables.schemas import ANSWERS, ZERO_SHOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned(finished, snakemake, tiny, tmp_path_factory):
    """The results of a copy of the finished run, planned afterwards, and the table of the plan."""
    folder = tmp_path_factory.mktemp("planned") / "copy"
    shutil.copytree(finished.parent, folder)
    snakemake("--cores", 2, "--configfile", tiny, "--", "plan", cwd=folder)
    return folder / "results", pd.read_csv(folder / "results/plan/plan.tsv", sep="\t").set_index("rule")


def test_answers_are_those_of_the_run(planned):
    results, table = planned
    paths = list(results.glob("answers/**/*.parquet"))
    zero_shot = [read_table(path, ZERO_SHOT) for path in paths if path.parent.name == "zero_shot"]
    few_shot = [read_table(path, ANSWERS) for path in paths if path.parent.name != "zero_shot"]
    rows = table.loc[["answer_few_shot", "answer_zero_shot", "query_checkpoint"]].sum()
    assert rows["jobs"] == len(zero_shot) + 2, "each checkpoint once, and two more at base"
    greedy = sum(map(len, few_shot))
    once = greedy + sum(map(len, zero_shot))
    assert rows["generations_at_most"] == once + 6 * greedy
    assert rows["generations"] == once + sum(shard["samples"].map(len).sum() for shard in few_shot)
    assert rows["generations"] == rows["generations_at_most"], "most samples end early, none is skipped"
    assert rows["tokens_written"] < rows["tokens_written_at_most"] / 2


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
