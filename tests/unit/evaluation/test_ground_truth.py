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


@pytest.mark.parametrize(("minimum", "last", "facts"), [(2, (8, 127), 2), (3, (4, 127), 4), (100, (0, 127), 8)])
def test_the_last_bin_is_extended_until_it_has_enough_facts(minimum, last, facts):
    bounds, inside = exposure_bins(np.array([0, 1, 2, 3, 4, 7, 8, 100]), minimum)
    assert bounds[-1] == last and inside[:, -1].sum() == facts


def test_facts_are_looked_up_by_question():
    table = pd.DataFrame({"id": ["c", "a", "b"], "exposures": [3, 1, 2]})
    assert look_up(table, pd.DataFrame({"id": ["a", "c"]}), "exposures").tolist() == [1, 3]


def test_a_question_without_a_fact_is_refused():
    facts, known, _ = random_facts()
    missing = known["id"].iloc[5]
    with pytest.raises(UserError, match=f"1 labeled questions, for example {missing}"):
        look_up(facts[facts["id"] != missing], known, "exposures")
