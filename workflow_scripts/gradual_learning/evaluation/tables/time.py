"""Seconds and memory of every strategy, for the jobs that run a model, as measured by Snakemake."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.cost import KEYS, MEASURES, cost_by_strategy, read_benchmark


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the benchmarks of the jobs; ``parts`` holds the (checkpoint, activity) of each file."""
    measured = pd.DataFrame(map(read_benchmark, inputs["files"]))
    rows = pd.DataFrame(settings["parts"], columns=KEYS).join(measured)
    return cost_by_strategy(rows, Design.from_params(settings), MEASURES)
