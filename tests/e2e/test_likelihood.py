"""Chances in place of samples: the same experiment sorted by `knowledge.estimator` likelihood."""

import shutil

import numpy as np
import pytest

from gradual_learning import records

pytestmark = pytest.mark.slow

SETTINGS = ["--set-scatter", "shards=2", "--config", "knowledge={estimator: likelihood}"]
SPLITS = ("train", "test", "probe", "retest")


@pytest.fixture(scope="module")
def scored(finished, tiny, snakemake, tmp_path_factory):
    """The finished run, its questions sorted anew under the base model; returns what was printed and the results."""
    folder = tmp_path_factory.mktemp("scored") / "run"
    shutil.copytree(finished.parent, folder)
    targets = [f"results/categories/base/{split}.parquet" for split in SPLITS]
    printed = snakemake(*targets, "--cores", 2, "--configfile", tiny, *SETTINGS, cwd=folder)
    return printed, folder / "results"


def test_no_other_model_is_made_for_it(scored, job_counts):
    expected = {"score_answers": 6, "categorize_knowledge": 4}  # the probe's questions are among those of the test
    assert job_counts(scored[0]) == expected


@pytest.mark.parametrize("split", SPLITS)
def test_known_answers_are_those_of_sampling(finished, scored, split):
    drawn, told = (
        records.read_table(results / f"categories/base/{split}.parquet", records.KNOWLEDGE)
        for results in (finished, scored[1])
    )
    assert told[["id", "p0"]].equals(drawn[["id", "p0"]])
    assert (told["category"] == drawn["category"])[told["p0"] > 0].all()
    sure = told["ps"] < 1e-4  # of 24 samples of a question, next to none hits
    assert set(told["category"][sure & (told["p0"] == 0)]) == {"Unknown"}
    assert told["ps"].between(0, 1).all() and np.corrcoef(told["ps"], told["p0"])[0, 1] > 0.5
    assert (scored[1] / "likelihoods/base/test/2-of-2.parquet").is_file()
