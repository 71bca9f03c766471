"""Forgetting: questions HighlyKnown at base that are no longer answered, and the drop of their p_greedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    Files,
    by_checkpoint,
    category_indicators,
    read_answers,
    read_knowledge,
)
from gradual_learning.evaluation.forgetting import forgetting, p_greedy_drop
from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.table_values import EPOCHS, NO_EPOCH
from gradual_learning.experiment import BASE


@dataclass(frozen=True)
class Split:
    """The files and labels of one split."""

    known: str  # categories at base of the evaluated questions
    base: str  # evaluation of the base model
    epochs: Mapping[str, Files]  # evaluations by epoch and checkpoint
    labels: Labels  # categories of the relabeled questions

    @classmethod
    def from_rule(cls, split: str, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> "Split":
        """Read the inputs and settings of the rule that belong to a split."""
        epochs = {epoch: by_checkpoint(settings["checkpoints"], inputs[f"{split}_{epoch}"]) for epoch in EPOCHS}
        files = by_checkpoint(settings["relabeled"], inputs[f"{split}_labels"])
        relabel = next(iter(inputs["relabel"]), None) if split == "train" else None
        labels = Labels(inputs[f"{split}_labels_base"], files, Design.from_params(settings), relabel)
        return cls(inputs[f"{split}_known"], inputs[f"{split}_base"], epochs, labels)

    def table(self, bootstrap: Bootstrap) -> pd.DataFrame:
        """Tabulate the split."""
        known = read_knowledge(self.known)
        answers = read_answers(self.base, self.epochs, self.labels.design, known["id"])
        table = forgetting(category_indicators(known)[:, 0], answers, bootstrap)
        relabeled = self.labels.relabeled_base
        later = {} if relabeled is None else {BASE: [relabeled]}
        drop = p_greedy_drop(self.labels.base, later | self.labels.by_strategy(), bootstrap)
        drop["epoch"] = drop["strategy"].map(lambda strategy: NO_EPOCH if strategy == BASE else "best")
        return table.merge(drop, on=["strategy", "epoch"], how="left")


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the evaluations and the categories of both splits."""
    bootstrap = Bootstrap.from_params(settings)
    parts = {split: Split.from_rule(split, inputs, settings).table(bootstrap) for split in ("test", "train")}
    table = pd.concat(parts, names=["split"]).reset_index("split")
    return table[["strategy", "epoch", "split", *table.columns[3:]]]
