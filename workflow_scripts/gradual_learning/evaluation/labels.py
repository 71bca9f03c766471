"""The categories of one split under the base model and under all relabeled checkpoints."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.evaluation.checkpoints import Design, Files, by_checkpoint, category_indicators, read_knowledge
from gradual_learning.evaluation.table_values import NO_SEED, RELABELED
from gradual_learning.experiment import BASE, chain_name, relabeled_chains

Tables = dict[str, pd.DataFrame]  # categories by seed
Transition = tuple[str, str, str, str]  # from checkpoint, to checkpoint, seed, split


class Labels:
    """Categories of the questions of one split, all tables sorted by id.

    Attributes:
        base: categories under the base model.
        relabeled_base: categories when the base model was labeled a second time, None where it was not.
        design: strategies and seeds.
        tables: for each chain of stages the categories by seed; the empty chain is the base model, with the seed ``-``.
    """

    def __init__(self, base: str, files: Files, design: Design, relabel: str | None = None) -> None:
        """Read all files.

        Args:
            base: file of the categories under the base model.
            files: files of the categories under the relabeled checkpoints.
            design: strategies and seeds.
            relabel: file of the second labeling of the base model.

        Raises:
            UserError: a file contains other questions than ``base``.
            KeyError: a relabeled checkpoint of a strategy is missing in ``files``.
        """
        self.base = read_knowledge(base)
        self.relabeled_base = read_knowledge(relabel, self.base["id"]) if relabel else None
        self.design = design
        self.tables: dict[tuple[str, ...], Tables] = {(): {NO_SEED: self.base}}
        for chain in relabeled_chains(design.strategies):
            paths = [files[checkpoint] for checkpoint in design.checkpoints(chain)]
            tables = [read_knowledge(path, self.base["id"]) for path in paths]
            self.tables[chain] = dict(zip(map(str, design.seeds), tables, strict=True))

    @classmethod
    def of_splits(cls, inputs: Any, params: Mapping[str, Any]) -> "dict[str, Labels]":
        """Read the categories of the train and of the held-out questions from the inputs and params of a rule."""
        relabel = next(iter(inputs.get("relabel", [])), None)
        seconds = {"train": relabel, "heldout": None}
        design = Design.from_params(params)
        return {
            split: cls(inputs[f"base_{split}"], by_checkpoint(params["checkpoints"], inputs[split]), design, second)
            for split, second in seconds.items()
        }

    def trained(self) -> dict[tuple[str, ...], list[pd.DataFrame]]:
        """Return the tables of each chain of stages, one per seed, without those of the base model."""
        return {chain: list(tables.values()) for chain, tables in self.tables.items() if chain}

    def by_strategy(self) -> dict[str, list[pd.DataFrame]]:
        """Return the tables at the end of each strategy whose final checkpoints are labeled, one per seed."""
        trained, strategies = self.trained(), self.design.strategies
        return {name: trained[tuple(chain)] for name, chain in strategies.items() if tuple(chain) in trained}

    def by_chain(self, split: str) -> dict[tuple[str, str], Tables]:
        """Return the tables of each (chain, split) by seed."""
        return {(chain_name(chain), split): tables for chain, tables in self.tables.items()}

    def transitions(self, split: str) -> dict[Transition, tuple[pd.DataFrame, pd.DataFrame]]:
        """Pair the tables before and after each stage, and those of the base model with its second labeling."""
        pairs = {}
        if self.relabeled_base is not None:
            pairs[BASE, RELABELED, NO_SEED, split] = self.base, self.relabeled_base
        for chain, tables in self.tables.items():
            for seed, after in tables.items() if chain else ():
                before = self.tables[chain[:-1]].get(seed, self.base)
                pairs[chain_name(chain[:-1]), chain_name(chain), seed, split] = before, after
        return pairs

    def highly_known(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Find the HighlyKnown questions after the first and after the last stage of each strategy of two or more.

        Returns:
            By strategy two 0/1 arrays of shape (questions, seeds).
        """
        chains = {name: tuple(chain) for name, chain in self.design.strategies.items() if len(chain) > 1}
        trained = self.trained()
        return {
            name: (_highly_known(trained[chain[:1]]), _highly_known(trained[chain])) for name, chain in chains.items()
        }

    def final_highly_known(self) -> dict[str, np.ndarray]:
        """Find the HighlyKnown questions under the base model and at the end of each strategy that is labeled there.

        Returns:
            By strategy a 0/1 array of shape (questions, seeds), with one column for the base model.
        """
        tables = {BASE: [self.base], **self.by_strategy()}
        return {name: _highly_known(parts) for name, parts in tables.items()}


def _highly_known(tables: list[pd.DataFrame]) -> np.ndarray:
    return np.stack([category_indicators(table)[:, 0] for table in tables], axis=1)
