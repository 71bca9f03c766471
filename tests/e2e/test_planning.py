"""The plan of a finished experiment: what it counts is what was done."""

import shutil

import pandas as pd
import pytest

from gradual_learning import records

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned(finished, snakemake, tiny, tmp_path_factory):
    """A copy of the finished run, planned afterwards; its results and the table."""
    folder = tmp_path_factory.mktemp("planned") / "copy"
    shutil.copytree(finished.parent, folder)
    snakemake("--cores", 2, "--configfile", tiny, "--", "plan", cwd=folder)
    return folder / "results", pd.read_csv(folder / "results/plan/plan.tsv", sep="\t").set_index("rule")


def answers(results):
    shards = [path for path in results.glob("answers/**/*.parquet") if "zero_shot" not in path.parts]
    return [records.read_table(path, records.ANSWERS) for path in shards]


def test_prompts_are_those_that_were_answered(planned):
    results, table = planned
    told, asked = table.loc["sample_answers"], answers(results)
    assert told["jobs"] == len(asked)
    greedy, samples = sum(map(len, asked)), sum(part["samples"].map(len).sum() for part in asked)
    assert told["generations_at_most"] == greedy * (1 + 6)
    assert told["generations"] == greedy + samples == told["generations_at_most"], "all are begun, most end early"
    assert told["tokens_written"] < told["tokens_written_at_most"] / 2


def test_zero_shot_prompts_are_those_that_were_answered(planned):
    results, table = planned
    answered = [len(pd.read_parquet(path)) for path in results.glob("answers/**/zero_shot/**/*.parquet")]
    rules = ["answer_zero_shot", "answer_zero_shot_base"]
    assert table.loc[rules, "generations"].sum() == sum(answered)


def test_training_stays_within_what_was_planned(planned):
    results, table = planned
    made = [records.read_json_lines(path, whole=True)[0] for path in results.glob("checkpoints/*/*/summary.json")]
    told = table.loc["finetune"]
    assert told["jobs"] == len(made)
    assert 0 < sum(summary["steps"] for summary in made) <= told["training_steps_at_most"]


def test_pretraining_steps_are_exact(planned):
    results, table = planned
    last = records.read_json_lines(results / "world/pretraining_log.jsonl")[-1]["step"]
    assert 0 <= table.loc["pretrain_base_model", "training_steps"] - last < 30, "the log is written twenty times"


def test_what_is_there_is_used(planned):
    page = (planned[0] / "plan/plan.md").read_text(encoding="utf-8")
    assert "measured here on the base model itself" in page and "as the base model's questions were sorted" in page
