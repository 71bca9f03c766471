"""Probabilities in place of samples: the tiny experiment, labeled with `knowledge.estimator: likelihood`."""

import shutil

import numpy as np
import pytest

from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import KNOWLEDGE

pytestmark = pytest.mark.slow

SETTINGS = ["--set-scatter", "shards=2", "--config", "knowledge={estimator: likelihood}"]
SPLITS = ("train", "test", "heldout", "relabel")


@pytest.fixture(scope="module")
def relabeled(finished, tiny, snakemake, tmp_path_factory):
    """A copy of the finished run, relabeled under the base model: the output of Snakemake, and the results."""
    folder = tmp_path_factory.mktemp("relabeled") / "run"
    shutil.copytree(finished.parent, folder)
    targets = [f"results/categories/base/{split}.parquet" for split in SPLITS]
    printed = snakemake(*targets, "--cores", 2, "--configfile", tiny, *SETTINGS, cwd=folder)
    return printed, folder / "results"


def test_no_model_is_pretrained_or_fine_tuned_for_it(relabeled, job_counts):
    shards = 2 * 2  # train and test questions, and the train questions again
    assert job_counts(relabeled[0]) == {"answer_few_shot": shards, "categorize_knowledge": len(SPLITS)}


@pytest.mark.parametrize("split", SPLITS)
def test_known_answers_are_those_of_sampling(finished, relabeled, split):
    sampled, computed = (
        read_table(results / f"categories/base/{split}.parquet", KNOWLEDGE) for results in (finished, relabeled[1])
    )
    assert computed[["id", "p_greedy"]].equals(sampled[["id", "p_greedy"]])
    assert (computed["category"] == sampled["category"])[computed["p_greedy"] > 0].all()
    improbable = computed["p_sampled"] < 1e-4  # hardly any of the 24 samples of a question is correct
    assert set(computed["category"][improbable & (computed["p_greedy"] == 0)]) == {"Unknown"}
    assert computed["p_sampled"].between(0, 1).all()
    assert np.corrcoef(computed["p_sampled"], computed["p_greedy"])[0, 1] > 0.5
    assert (relabeled[1] / "likelihoods/base/at_base/2-of-2.parquet").is_file()
