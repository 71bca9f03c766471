"""The counter-based random streams: published test vectors, uniformity, independence of the batch."""

import numpy as np
import pytest
from scipy import stats

from gradual_learning.generation import random_streams


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, (0xFFFFFFFF, 0xFFFFFFFF), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_reproduces_the_test_vectors_of_its_authors(counter, key, expected):
    words = random_streams.philox(np.array(counter, dtype=np.uint64)[:, None], key)
    assert words[:, 0].tolist() == expected


def draw(questions, prompt=3, sample=5, step=0, seed=7):
    ids = np.asarray(questions, dtype=np.uint64)
    return random_streams.uniforms(seed, ids, np.full(len(ids), prompt), np.full(len(ids), sample), step)


def test_numbers_are_uniform_and_lie_in_the_unit_interval():
    numbers = draw(np.arange(50_000))
    assert numbers.min() >= 0 and numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 0.001


def test_the_numbers_of_a_sample_do_not_depend_on_the_batch():
    together = draw([1, 2, 3, 2**63 + 1])
    assert [draw([q])[0] for q in (1, 2, 3, 2**63 + 1)] == together.tolist()


@pytest.mark.parametrize("other", [{"prompt": 4}, {"sample": 6}, {"step": 1}, {"seed": 8}])
def test_streams_differ_in_every_part_of_the_key(other):
    numbers, others = draw(np.arange(2000)), draw(np.arange(2000), **other)
    assert abs(np.corrcoef(numbers, others)[0, 1]) < 0.1
    assert not np.isin(numbers, others).any()
