"""Knowledge gained, by both definitions, worked out by hand."""

import numpy as np
import pytest

from gradual_learning.evaluation.knowledge_gain import knowledge_gain
from knowledge_tables import BOOTSTRAP


def test_knowledge_gain_by_hand():
    base = np.repeat([1, 0], [100, 300])
    first = np.repeat([1, 0], [200, 200])[:, None]
    final = np.repeat([1, 0], [250, 150])[:, None]
    row = knowledge_gain(base, {"two": (first, final)}, BOOTSTRAP).iloc[0]
    assert (row["highly_known_base"], row["highly_known_first"], row["highly_known_final"]) == (100, 200, 250)
    assert row["relative"] == pytest.approx(250 / 200 - 1)
    assert row["incremental"] == pytest.approx((250 - 100) / (200 - 100) - 1)
    assert row["low"] < 0.25 < row["high"] and row["incremental_low"] < 0.5 < row["incremental_high"]
    assert row["reason"] == ""


def test_a_gain_relative_to_nothing_is_empty_with_a_reason():
    generator = np.random.default_rng(0)
    base, first, final = (generator.random((100, 1)) < 0.3 for _ in range(3))
    row = knowledge_gain(base[:, 0], {"two": (first, final)}, BOOTSTRAP).iloc[0]
    assert row[["incremental", "incremental_low", "incremental_high"]].isna().all()
    assert "HK1 - HK0" in row["reason"]


def test_the_second_labeling_is_counted():
    base = np.repeat([1, 0], [100, 300])
    strategies = {"two": (base[:, None], base[:, None])}
    relabel = np.roll(base, 3) | base
    assert knowledge_gain(base, strategies, BOOTSTRAP, relabel)["highly_known_relabel"].tolist() == [103]
    assert knowledge_gain(base, strategies, BOOTSTRAP)["highly_known_relabel"].isna().all()
