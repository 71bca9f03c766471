"""The categories of every labelled checkpoint, read once and lined up for tables that follow a chain of stages."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.measures.runs import (
    BASE,
    NO_SEED,
    RETEST,
    by_checkpoint,
    chain_name,
    checkpoint_name,
    labelled_chains,
    membership,
    read_knowledge,
    read_matching,
)


class Labels:
    """Categories of one split under the base model and all labelled checkpoints.

    Args:
        base: file of the base model's categories.
        paths: files of the later ones, parallel to ``checkpoints``.
        checkpoints: names of checkpoints.
        strategies: the stages of each strategy.
        seeds: seeds of every strategy.

    Raises:
        UserError: a file speaks of other questions than ``base``.
        KeyError: a labelled checkpoint of a strategy is not among ``checkpoints``.
    """

    def __init__(
        self,
        base: str,
        paths: Sequence[str],
        checkpoints: Sequence[str],
        strategies: Mapping[str, Sequence[str]],
        seeds: Sequence[int],
    ) -> None:
        """Read all files."""
        files = by_checkpoint(checkpoints, paths)
        self.base = read_knowledge(base)
        self.seeds = seeds
        self.strategies = {name: tuple(stages) for name, stages in strategies.items() if len(stages) > 1}
        self.tables: dict[tuple[str, ...], dict[str, pd.DataFrame]] = {(): {NO_SEED: self.base}}
        for chain in labelled_chains(strategies):
            wanted = {str(seed): files[checkpoint_name(chain, seed)] for seed in seeds}
            self.tables[chain] = {seed: read_matching(path, self.base["id"]) for seed, path in wanted.items()}

    @classmethod
    def of_splits(cls, inputs: Any, params: Any) -> dict[str, "Labels"]:
        """Read the categories of the train and of the probe questions, as a rule names them."""
        settings = list(params.checkpoints), dict(params.strategies), list(params.seeds)
        return {split: cls(inputs[f"base_{split}"], list(inputs[split]), *settings) for split in ("train", "probe")}

    def by_chain(self, split: str) -> dict[tuple[str, str], dict[str, pd.DataFrame]]:
        """Give the tables of each (chain, split) by seed."""
        return {(chain_name(chain), split): tables for chain, tables in self.tables.items()}

    def steps(self, split: str) -> dict[tuple[str, str, str, str], tuple[pd.DataFrame, pd.DataFrame]]:
        """Give the tables before and after each stage: (from, to, seed, split) -> (before, after)."""
        found = {}
        for chain, tables in self.tables.items():
            for seed, after in tables.items() if chain else ():
                before = self.tables[chain[:-1]].get(seed, self.base)
                found[chain_name(chain[:-1]), chain_name(chain), seed, split] = before, after
        return found

    def retest(self, path: str, split: str) -> dict[tuple[str, str, str, str], tuple[pd.DataFrame, pd.DataFrame]]:
        """Give the base model's labels beside its second labelling of the same questions."""
        return {(BASE, RETEST, NO_SEED, split): (self.base, read_matching(path, self.base["id"]))}

    def highly_known(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Give for each strategy which questions are HighlyKnown after its first and its last stage.

        Both are 0/1 arrays of shape (questions, seeds).
        """
        known = self._highly_known
        return {name: (known(stages[:1]), known(stages)) for name, stages in self.strategies.items()}

    def _highly_known(self, chain: tuple[str, ...]) -> np.ndarray:
        return np.stack([membership(table)[:, 0] for table in self.tables[chain].values()], axis=1)
