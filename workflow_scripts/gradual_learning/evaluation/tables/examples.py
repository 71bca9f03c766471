"""Worked examples of every strategy of two stages or more: upgraded and forgotten questions with answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gradual_learning.evaluation.checkpoints import Design, Files, by_checkpoint, read_knowledge, read_trained_ids
from gradual_learning.evaluation.worked_examples import columns, worked_examples
from gradual_learning.experiment import BASE, checkpoint_name
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import EVALUATION, QUESTIONS

EVALUATED = {"train": "train", "heldout": "test"}  # split whose questions are labeled -> split that contains them


@dataclass(frozen=True)
class Split:
    """The files of one split by checkpoint, the base model included."""

    known: Files  # categories
    answers: Files  # zero-shot answers

    @classmethod
    def from_rule(cls, split: str, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> "Split":
        """Pair checkpoints with the inputs of the rule that belong to a split."""
        relabeled, finals = [BASE, *settings["relabeled"]], [BASE, *settings["finals"]]
        known = by_checkpoint(relabeled, [inputs[f"known_{split}_base"], *inputs[f"known_{split}"]])
        evaluated = EVALUATED[split]
        return cls(known, by_checkpoint(finals, [inputs[f"{evaluated}_base"], *inputs[evaluated]]))

    def read(self, checkpoint: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Read categories and zero-shot answers under a checkpoint."""
        return read_knowledge(self.known[checkpoint]), read_table(self.answers[checkpoint], EVALUATION)


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read categories, answers and training sets of the first seed."""
    design = Design.from_params(settings)
    seed = design.seeds[0]
    texts = read_table(inputs["questions"], QUESTIONS)
    data = by_checkpoint(settings["relabeled"], inputs["data"])
    parts = []
    for name in EVALUATED:
        split = Split.from_rule(name, inputs, settings)
        for strategy, chain in design.strategies.items():
            if len(chain) > 1:
                final = checkpoint_name(chain, seed)
                trained = read_trained_ids(data, chain, seed)
                part = worked_examples(texts, split.read(BASE), split.read(final), trained)
                parts.append(part.assign(strategy=strategy, seed=seed, split=name))
    return pd.concat(parts, ignore_index=True)[["strategy", "seed", "split", *columns(texts)]]
