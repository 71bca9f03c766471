"""What an experiment cost: generations and training steps as they were made, seconds and memory as they were measured.

The published method never says what it costs (Li et al. 2024). The amounts of single checkpoints are added up by
strategy: one that several strategies pass through counts in each of them, and once in the total.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from gradual_learning.measures.runs import BASE, checkpoint_name
from gradual_learning.records import EVALUATION as EVALUATIONS
from gradual_learning.records import KNOWLEDGE, read_json_lines, read_table, read_tsv
from gradual_learning.splits import TRACKED

_, LABELLING, TRAINING, EVALUATION = ACTIVITIES = ("pretraining", "labelling", "training", "evaluation")
ALL = "all"  # in the column `activity`
TOTAL = "total"  # in the column `strategy`: every checkpoint once
PART = ["checkpoint", "activity"]
COUNTS = {"generations": "sum", "questions": "sum", "steps": "sum"}
MEASURES = {"jobs": "sum", "seconds": "sum", "peak_memory_mb": "max"}


def by_strategy(
    parts: pd.DataFrame, strategies: Mapping[str, Sequence[str]], seeds: Sequence[int], how: Mapping[str, str]
) -> pd.DataFrame:
    """Put the amounts of checkpoints together by strategy and activity.

    A strategy is charged the training of all its stages, the evaluation of its end, and, where it has two stages or
    more, the labelling after each of them. What the base model takes is a row of its own, ``base``.

    Args:
        parts: columns checkpoint, activity and those of ``how``.
        strategies: the stages of each strategy.
        seeds: seeds of every strategy; amounts are added up over them.
        how: by which aggregation of pandas each amount is put together.

    Returns:
        strategy (``base``, the strategies, ``total``), activity (those that there are, and ``all``), checkpoints (how
        many) and the amounts.
    """
    owned = {BASE: [(BASE, activity) for activity in ACTIVITIES]}
    owned |= {name: _charged(stages, seeds) for name, stages in strategies.items()}
    places = pd.MultiIndex.from_frame(parts[PART])
    rows = []
    for strategy, wanted in (owned | {TOTAL: list(places)}).items():
        chosen = parts[places.isin(wanted)]
        together = pd.concat([chosen, chosen.assign(activity=ALL)])
        amounts = together.groupby("activity").agg({"checkpoint": "nunique"} | how)
        present = [name for name in [*ACTIVITIES, ALL] if name in amounts.index]
        rows.append(amounts.loc[present].reset_index().assign(strategy=strategy))
    table = pd.concat(rows, ignore_index=True).rename(columns={"checkpoint": "checkpoints"})
    return table[["strategy", "activity", "checkpoints", *how]]


def _charged(stages: Sequence[str], seeds: Sequence[int]) -> list[tuple[str, str]]:
    """List the parts (checkpoint, activity) that a strategy needs beside the base model."""
    found = []
    for seed in seeds:
        ends = [checkpoint_name(stages[:length], seed) for length in range(1, len(stages) + 1)]
        found += [(end, TRAINING) for end in ends] + [(ends[-1], EVALUATION)]
        found += [(end, LABELLING) for end in ends if len(stages) > 1]
    return found


def counted(activity: str, path: str, validation: int) -> dict[str, int]:
    """Count what a checkpoint took, by a file that it left.

    Args:
        activity: labelling (the file is a table of categories), evaluation (one of answers without examples), or
            training (the summary of a stage).
        path: of the file.
        validation: how many questions choose the best epoch. They are answered before training and after every epoch,
            as are the training questions, ``splits.TRACKED`` at the most.

    Returns:
        generations, questions that were trained on, and steps of the optimiser.
    """
    nothing = dict.fromkeys(COUNTS, 0)
    if activity == LABELLING:
        drawn = read_table(path, KNOWLEDGE)[["greedy_drawn", "sampled_drawn"]]
        return nothing | {"generations": int(drawn.to_numpy().sum())}
    if activity == EVALUATION:
        return nothing | {"generations": len(read_table(path, EVALUATIONS))}
    (made,) = read_json_lines(path, whole=True)
    answered = validation + min(made["questions"], TRACKED)
    generations = answered * (made["epochs"] + 1)
    return {"generations": generations, "questions": made["questions"], "steps": made["steps"]}


def measured(path: str) -> dict[str, float]:
    """Read a benchmark file of Snakemake: seconds, and the most memory that was resident (MB; missing for short jobs).

    A job that was killed and went on later leaves the measures of its last part.
    """
    row = read_tsv(path).iloc[0]
    return {"jobs": 1, "seconds": float(row["s"]), "peak_memory_mb": pd.to_numeric(row["max_rss"], errors="coerce")}
