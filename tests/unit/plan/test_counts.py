"""The work of each rule: what is counted exactly, and what lies between expected and at most."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from gradual_learning.plan import counts, page
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import KNOWLEDGE

NO_SAMPLES = {"samples_per_prompt": 0}
QUERIES = ["answer_few_shot", "answer_zero_shot", "query_checkpoint"]


@pytest.fixture
def size(workload):
    """The number of questions of a split."""
    return workload.questions["split"].value_counts()


def test_greedy_answers_are_counted_exactly(plan, size):
    for at_most in (False, True):
        work = plan(knowledge=NO_SAMPLES, at_most=at_most).work
        evaluated = size["train"] + size["test"]
        assert work["generations"]["answer_few_shot"] == 3 * (2 * size["train"] + size["test"])
        assert work["generations"]["answer_zero_shot"] == evaluated, "of the base model"
        few_shot, zero_shot = 3 * 3 * (size["train"] + 20), 3 * 2 * evaluated
        assert work["generations"]["query_checkpoint"] == few_shot + zero_shot, "at the best and at the last epoch"
        assert list(work["jobs"][QUERIES]) == [2, 1, 3]
    assert list(plan(shards=4).work["jobs"][QUERIES]) == [8, 4, 12]


def test_vllm_answers_in_jobs_of_its_own(plan, size):
    native, vllm = (plan(knowledge=NO_SAMPLES | {"engine": engine}).work for engine in ("native", "vllm"))
    assert list(vllm["jobs"][QUERIES[:2]]) == [5, 3] and "query_checkpoint" not in vllm.index
    assert native["generations"].sum() - vllm["generations"].sum() == 2 * (size["train"] + size["test"]), (
        "one labeled checkpoint is not final: its own job would be for nothing"
    )


def test_relabeling_answers_the_train_questions_once_more(plan, size):
    with_it, without = (plan(knowledge=NO_SAMPLES, evaluation={"relabel": relabel}).work for relabel in (True, False))
    assert with_it["generations"]["answer_few_shot"] - without["generations"]["answer_few_shot"] == 3 * size["train"]
    assert with_it["jobs"].sum() - without["jobs"].sum() == 2, "its answers and its labels"


def test_full_sampling_draws_all_samples_and_other_sampling_no_more(plan):
    pruned, lazy, full = (
        plan(sampling=sampling).work.loc["answer_few_shot"] for sampling in ("pruned", "lazy", "full")
    )
    assert pruned["tokens_written"] < lazy["tokens_written"] < full["tokens_written"]
    assert pruned["generations"] == full["generations"] and pruned["tokens_read"] == full["tokens_read"]
    most = plan(sampling="lazy", at_most=True).work.loc["answer_few_shot"]
    assert lazy["generations"] < most["generations"] == full["generations"] and full["generations"] % 7 == 0
    assert most["tokens_read"] > full["tokens_read"], "lazy sampling reads a prompt twice"


def test_lazy_sampling_draws_nothing_where_everything_is_known(plan, size):
    work = plan(labels=["HighlyKnown"] * size["train"]).work
    assert work["generations"]["answer_few_shot"] == plan(knowledge=NO_SAMPLES).work["generations"]["answer_few_shot"]


def test_likelihoods_need_one_pass_and_no_samples(plan):
    part = plan(knowledge={"estimator": "likelihood"}).work.loc["answer_few_shot"]
    greedy = plan(knowledge=NO_SAMPLES).work.loc["answer_few_shot"]
    assert part["jobs"] == greedy["jobs"] and part["generations"] == greedy["generations"]
    assert part["seconds"] <= greedy["seconds"] and part["tokens_read"] < greedy["tokens_read"]


def test_a_model_from_elsewhere_is_fetched_instead_of_pretrained(plan, workload):
    assert list(plan().work.index[:2]) == ["pretrain_base_model", "measure_fact_recall"]
    hub = replace(workload.spec, sequences=torch.empty(0, 0), statements=[])
    assert plan(spec=hub).work.index[0] == "fetch_base_model"
    assert plan(spec=hub).work["disk_bytes"]["fetch_base_model"] == hub.stored_bytes
    assert plan(spec=replace(hub, is_linked=True)).work["disk_bytes"]["fetch_base_model"] == 0


@pytest.mark.parametrize("changes", [{}, {"sampling": "full"}, {"sampling": "pruned"}, {"labels": ["Unknown"]}])
def test_expected_work_is_never_more_than_at_most(plan, size, changes):
    if "labels" in changes:
        changes = {"labels": changes["labels"] * size["train"]}
    frame = page.table(plan(**changes), plan(at_most=True, **changes))
    for column, *_ in page.QUANTITIES.values():
        assert (frame[column] <= frame[f"{column}_at_most"]).all(), column


def test_jobs_run_at_a_time_on_all_cores_or_gpus(plan):
    planned = plan()
    one, two = planned.run_time(cores=1, gpus=0), planned.run_time(cores=2, gpus=0)
    assert one == pytest.approx(planned.work["seconds"].sum()) and one / 2 <= two < one
    assert planned.run_time(cores=16, gpus=1) > planned.run_time(cores=16, gpus=0), "one job at a time on a GPU"
    assert planned.concurrent_jobs(cores=16, gpus=1)["query_checkpoint"] == 1
    assert planned.concurrent_jobs(cores=2, gpus=0)["query_checkpoint"] == 2
    assert planned.concurrent_jobs(cores=4, gpus=0)["query_checkpoint"] == planned.work["jobs"]["query_checkpoint"] == 3


def test_labels_are_read_if_they_exist(tmp_path):
    assert counts.read_labels(tmp_path / "train.parquet") is None
    row = {"id": ["a"], "relation": ["P17"], "category": ["Unknown"], "p_greedy": [0.0], "p_sampled": [None]}
    drawn = {name: [1] for name in KNOWLEDGE.names if name.endswith(("_correct", "_drawn"))}
    write_table(pd.DataFrame(row | drawn), KNOWLEDGE, tmp_path / "train.parquet")
    assert counts.read_labels(tmp_path / "train.parquet").to_dict() == {"a": "Unknown"}
