"""Facts of the world: bins of exposure, and the facts behind labeled questions."""

import numpy as np
import pandas as pd
import pytest

from gradual_learning.evaluation.ground_truth import exposure_bins, look_up
from gradual_learning.jobs.errors import UserError
from simulated_facts import random_facts


def test_bins_are_powers_of_two():
    exposures = np.array([0, 1, 2, 3, 4, 7, 8, 100])
    bounds, inside = exposure_bins(exposures, minimum=1)
    assert bounds == [(0, 0), (1, 1), (2, 3), (4, 7), (8, 15), (64, 127)]
    assert inside.sum(axis=0).tolist() == [1, 1, 2, 2, 1, 1] and (inside.sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("minimum", "stated", "facts"),
    [
        (1, [(1, 1), (2, 3), (4, 7), (8, 15), (64, 127)], [1, 2, 2, 1, 1]),
        (2, [(1, 3), (4, 7), (8, 127)], [3, 2, 2]),
        (3, [(1, 3), (4, 127)], [3, 4]),
        (6, [(1, 127)], [7]),
        (100, [(1, 127)], [7]),
    ],
)
def test_the_ends_are_extended_until_they_have_enough_facts(minimum, stated, facts):
    bounds, inside = exposure_bins(np.array([0, 1, 2, 3, 4, 7, 8, 100]), minimum)
    assert bounds == [(0, 0), *stated], "unread facts keep a bin of their own"
    assert inside.sum(axis=0).tolist() == [1, *facts]


def test_a_world_of_unread_facts_has_one_bin():
    bounds, inside = exposure_bins(np.zeros(3, dtype=int))
    assert bounds == [(0, 0)] and inside.tolist() == [[1], [1], [1]]


def test_facts_are_looked_up_by_question():
    table = pd.DataFrame({"id": ["c", "a", "b"], "exposures": [3, 1, 2]})
    assert look_up(table, pd.DataFrame({"id": ["a", "c"]}), "exposures").tolist() == [1, 3]


def test_a_question_without_a_fact_is_refused():
    facts, known, _ = random_facts()
    missing = known["id"].iloc[5]
    with pytest.raises(UserError, match=f"1 labeled questions, for example {missing}"):
        look_up(facts[facts["id"] != missing], known, "exposures")
