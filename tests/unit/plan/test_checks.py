"""Checks pass where an experiment can run, and report otherwise what is missing and what to do."""

from dataclasses import replace
from importlib.util import find_spec

import pandas as pd
import pytest

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.loading import Loading
from gradual_learning.plan import checks


def questions(**sizes):
    splits = [split for split, count in sizes.items() for _ in range(count)]
    return pd.DataFrame({"relation": ["P17", "P19"] * (len(splits) // 2), "split": splits})


def test_an_empty_split_is_named():
    assert checks.check_questions(questions(train=200, dev=40, test=100)).passed
    empty = checks.check_questions(questions(train=200, dev=40))
    assert not empty.passed and "no test question" in empty.remedy
    with pytest.raises(UserError, match=r"200 train.*no test question"):
        checks.require_passed([empty])


def test_results_on_the_disk_need_no_further_room(tmp_path):
    (tmp_path / "written").write_bytes(b"x" * 10_000)
    assert checks.check_disk(5_000, tmp_path).passed
    full = checks.check_disk(1e18, tmp_path)
    assert not full.passed and "GB free in" in full.found and "pathvars.results" in full.remedy


def test_jobs_at_a_time_share_the_memory():
    card = checks.Device("a card", int(24e9), gpus=1)
    assert checks.check_device(card, 20e9, 1).passed
    small = checks.check_device(card, 30e9, 1)
    assert not small.passed and "30.0 GB needed" in small.found and "model.quantization" in small.remedy
    processor = replace(card, gpus=0)
    assert checks.check_device(processor, 10e9, 2).passed
    assert not checks.check_device(processor, 10e9, 3).passed


def test_this_machine_has_a_device():
    device = checks.find_device()
    assert device.name and device.memory > 1e8


def test_more_rows_and_larger_batches_need_more_memory(changed):
    def needed(**changes):
        return checks.memory_needed(changed(**changes))

    assert needed() > changed().spec.loaded_bytes
    many = {"samples_per_prompt": 600}
    assert needed(knowledge=many) > needed()
    assert needed(knowledge=many | {"batch_tokens": 100}) < needed(knowledge=many)
    assert needed(training={"batch_size": 10**6}) > needed()


def test_4bit_weights_need_their_library(workload):
    assert checks.check_model(workload.spec).passed
    quantized = checks.check_model(replace(workload.spec, loading=Loading("float32", "4bit")))
    assert quantized.passed == (find_spec("bitsandbytes") is not None)
    assert "pip install bitsandbytes" in quantized.remedy
