"""The cost of an experiment: generations and training steps as counted, seconds and memory as measured.

Li et al. 2024 do not report the cost of their method. Here the amounts of single checkpoints are added up by strategy.
A checkpoint that several strategies share counts for each of them, and once in the total.
"""

from collections.abc import Mapping

import pandas as pd

from gradual_learning.data.subsets import TRACKED
from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.table_values import ACTIVITIES, ALL, TOTAL
from gradual_learning.experiment import BASE, Chain, checkpoint_name, prefixes
from gradual_learning.tables.files import read_json_lines, read_table, read_tsv
from gradual_learning.tables.schemas import EVALUATION as ANSWERS
from gradual_learning.tables.schemas import KNOWLEDGE

_, QUERYING, LABELING, TRAINING, EVALUATION = ACTIVITIES
KEYS = ["checkpoint", "activity"]
COUNTS = {"generations": "sum", "questions": "sum", "steps": "sum"}  # amount -> aggregation
MEASURES = {"jobs": "sum", "seconds": "sum", "peak_memory_mb": "max"}


def cost_by_strategy(parts: pd.DataFrame, design: Design, amounts: Mapping[str, str]) -> pd.DataFrame:
    """Add up the amounts of checkpoints by strategy and activity.

    A strategy is charged for the training of all its stages, the evaluation of its final checkpoints and, if it has two
    stages or more, the labeling after each of them. A job that queries a checkpoint for both
    purposes is charged to each strategy that needs either. The base model has its own row, ``base``.

    Args:
        parts: columns checkpoint, activity and those of ``amounts``.
        design: strategies and seeds; amounts are added up over seeds.
        amounts: the pandas aggregation of each amount.

    Returns:
        strategy (``base``, the strategies, ``total``), activity (those that occur, and ``all``), checkpoints (their
        number) and the amounts.
    """
    charged = {BASE: [(BASE, activity) for activity in ACTIVITIES]}
    charged |= {name: _charged(chain, design) for name, chain in design.strategies.items()}
    keys = pd.MultiIndex.from_frame(parts[KEYS])
    tables = []
    for strategy, chosen in (charged | {TOTAL: list(keys)}).items():
        tables.append(_by_activity(parts[keys.isin(chosen)], amounts).assign(strategy=strategy))
    return pd.concat(tables, ignore_index=True)[["strategy", "activity", "checkpoints", *amounts]]


def _charged(chain: Chain, design: Design) -> list[tuple[str, str]]:
    """List the (checkpoint, activity) pairs that a strategy needs in addition to those of the base model."""
    found = []
    for seed in design.seeds:
        checkpoints = [checkpoint_name(part, seed) for part in prefixes(chain)]
        found += [(checkpoint, TRAINING) for checkpoint in checkpoints] + [(checkpoints[-1], EVALUATION)]
        found += [(checkpoint, LABELING) for checkpoint in checkpoints if len(chain) > 1]
        found += [(checkpoint, QUERYING) for checkpoint in (checkpoints if len(chain) > 1 else checkpoints[-1:])]
    return found


def _by_activity(parts: pd.DataFrame, amounts: Mapping[str, str]) -> pd.DataFrame:
    both = pd.concat([parts, parts.assign(activity=ALL)])
    sums = both.groupby("activity").agg({"checkpoint": "nunique", **amounts})
    present = [activity for activity in [*ACTIVITIES, ALL] if activity in sums.index]
    return sums.loc[present].reset_index().rename(columns={"checkpoint": "checkpoints"})


def count_cost(activity: str, path: str, validation: int) -> dict[str, int]:
    """Count the cost of a checkpoint from a file that its job wrote.

    Args:
        activity: labeling (the file contains categories), evaluation (zero-shot answers) or training (the summary of a
            stage).
        path: of the file.
        validation: number of validation questions. They are answered before training and after every epoch, like the
            train questions, of which at most ``subsets.TRACKED``.

    Returns:
        generations, questions (trained on) and steps (of the optimizer).
    """
    nothing = dict.fromkeys(COUNTS, 0)
    if activity == LABELING:
        drawn = read_table(path, KNOWLEDGE)[["greedy_drawn", "sampled_drawn"]]
        return nothing | {"generations": int(drawn.to_numpy().sum())}
    if activity == EVALUATION:
        return nothing | {"generations": len(read_table(path, ANSWERS))}
    (summary,) = read_json_lines(path, whole=True)
    generations = (validation + min(summary["questions"], TRACKED)) * (summary["epochs"] + 1)
    return {"generations": generations, "questions": summary["questions"], "steps": summary["steps"]}


def read_benchmark(path: str) -> dict[str, float]:
    """Read a benchmark file of Snakemake: seconds and peak resident memory (MB; missing for short jobs).

    For a job that was killed and resumed, only the last run is measured.
    """
    row = read_tsv(path).iloc[0]
    return {"jobs": 1, "seconds": float(row["s"]), "peak_memory_mb": pd.to_numeric(row["max_rss"], errors="coerce")}
