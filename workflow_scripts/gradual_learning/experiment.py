"""The graph of an experiment: stages, the strategies that chain them, and the checkpoints at the ends of chains.

A strategy is a chain of stages that starts at the base model. A checkpoint is ``base``, or a chain of stages and a
seed: ``maybe_known+gradual/seed1``. Strategies that share the beginning of a chain share its checkpoints.

Standard library only: the rules import this module while Snakemake parses them.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradual_learning.jobs.errors import UserError, nearest

BASE = "base"
CHAIN_PATTERN = r"[a-z][a-z0-9_]*(?:\+[a-z][a-z0-9_]*)*/seed\d+"  # of a trained checkpoint, as a wildcard constraint
CATEGORY_NAMES = ("HighlyKnown", "MaybeKnown", "WeaklyKnown", "Unknown")

Stage = Mapping[str, Any]  # the settings of a stage, defaults filled in
Chain = Sequence[str]  # names of stages, in the order of training


def chain_name(stages: Chain) -> str:
    """Name a chain of stages, for example ``maybe_known+gradual``; the empty chain is the base model."""
    return "+".join(stages) if stages else BASE


def checkpoint_name(stages: Chain, seed: int) -> str:
    """Name the checkpoint at the end of a chain of stages, for example ``maybe_known+gradual/seed1``."""
    return f"{chain_name(stages)}/seed{seed}" if stages else BASE


def pattern_of(chains: Iterable[Chain]) -> str:
    """Return a regular expression for the checkpoints at the ends of chains, for any seed."""
    names = "|".join(re.escape(chain_name(chain)) for chain in chains)
    return rf"(?:{names})/seed\d+" if names else "(?!)"  # the latter matches nothing


def stages_of(checkpoint: str) -> list[str]:
    """List the names of the stages behind a checkpoint, none for the base model."""
    return [] if checkpoint == BASE else os.path.dirname(checkpoint).split("+")


def seed_of(checkpoint: str) -> int:
    """Return the seed of a trained checkpoint."""
    return int(os.path.basename(checkpoint).removeprefix("seed"))


def parent_of(checkpoint: str) -> str:
    """Return the checkpoint from which the last stage of a trained checkpoint starts."""
    return checkpoint_name(stages_of(checkpoint)[:-1], seed_of(checkpoint))


def prefixes(chain: Chain) -> list[tuple[str, ...]]:
    """List a chain of stages and its shorter beginnings, the shortest first."""
    return [tuple(chain[:length]) for length in range(1, len(chain) + 1)]


def relabeled_chains(strategies: Mapping[str, Chain]) -> list[tuple[str, ...]]:
    """List the chains whose questions are labeled again: those of strategies of two stages or more, with prefixes.

    Each chain once, shorter ones first, otherwise in the order of the strategies.
    """
    chains = [part for chain in strategies.values() if len(chain) > 1 for part in prefixes(chain)]
    return sorted(dict.fromkeys(chains), key=len)


@dataclass(frozen=True)
class Experiment:
    """The part of the configuration that defines the graph, defaults filled in."""

    stages: Mapping[str, Stage]
    strategies: Mapping[str, Chain]
    seeds: Sequence[int]
    training: Mapping[str, Any]
    category_ranking: Mapping[str, str]  # training set -> strategy

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Experiment":
        """Read the sections of a whole configuration."""
        sections = {name: config[name] for name in ("stages", "strategies", "seeds", "training")}
        return cls(**sections, category_ranking=config["evaluation"]["category_ranking"])

    def checkpoints_of(self, chains: Iterable[Chain]) -> list[str]:
        """List the checkpoints at the ends of chains for all seeds, each once."""
        return list(dict.fromkeys(checkpoint_name(chain, seed) for chain in chains for seed in self.seeds))

    def final_checkpoints(self) -> list[str]:
        """List the checkpoints at the ends of all strategies."""
        return self.checkpoints_of(self.strategies.values())

    def ranked_checkpoints(self) -> list[str]:
        """List the checkpoints at the ends of the strategies in the category ranking."""
        return self.checkpoints_of(self.strategies[name] for name in self.category_ranking.values())

    def trained_checkpoints(self) -> list[str]:
        """List all checkpoints that the strategies pass through, shorter chains first."""
        chains = [part for chain in self.strategies.values() for part in prefixes(chain)]
        return self.checkpoints_of(sorted(chains, key=len))

    def relabeled_checkpoints(self) -> list[str]:
        """List the trained checkpoints under which questions are labeled again."""
        return self.checkpoints_of(relabeled_chains(self.strategies))

    def stage(self, checkpoint: str) -> Stage:
        """Return the settings of the last stage of a checkpoint.

        Raises:
            UserError: the configuration has no such stage.
        """
        name = stages_of(checkpoint)[-1]
        if name not in self.stages:
            raise UserError(f"{checkpoint}: there is no stage {name!r}; {nearest(name, self.stages)}")
        return self.stages[name]

    def exported_chain(self, strategy: str, export_format: str) -> Chain:
        """Return the stages of a strategy whose model is to be exported.

        Raises:
            UserError: there is no such strategy, or it ends with a stage that has no adapter to export.
        """
        if strategy == BASE:
            raise UserError(
                "base is the model before training, in the folder `model` of the results; export a strategy"
            )
        if strategy not in self.strategies:
            raise UserError(f"there is no strategy {strategy!r} to export; {nearest(strategy, self.strategies)}")
        chain = self.strategies[strategy]
        if export_format == "adapter" and self.setting(self.stages[chain[-1]], "method") == "full":
            raise UserError(
                f"export.format: the stage {chain[-1]!r} of {strategy} trains all weights, so there is no adapter; "
                "use merged"
            )
        return chain

    def setting(self, stage: Stage, key: str) -> Any:
        """Return a training setting of a stage: its own, or that of ``training``."""
        return self.training[key] if stage[key] is None else stage[key]

    def learning_rate(self, stage: Stage) -> float:
        """Return the learning rate of a stage: its own, or a ratio of that of ``training``."""
        return stage["learning_rate"] or self.training["learning_rate"] * stage["learning_rate_ratio"]

    def training_settings(self, stage: Stage) -> dict[str, Any]:
        """Return the settings with which a stage trains: method, learning rate, everything it can override, LoRA."""
        overridable = [key for key in stage if key in self.training and key not in ("method", "learning_rate")]
        settings = {key: self.setting(stage, key) for key in ["method", *overridable]}
        lora = self.training["lora"] if settings["method"] == "lora" else {}
        return {**settings, "learning_rate": self.learning_rate(stage), **lora}

    def matched_selection(self, stage: Stage) -> dict[str, Any] | None:
        """Return the selection of the stage whose size a stage matches, or None."""
        name = stage["matched_random"]["match_size_of"]
        return selection(self.stages[name]) if name else None

    def sibling(self, checkpoint: str) -> str | None:
        """Return the checkpoint whose number of optimizer steps the last stage of a checkpoint matches, or None."""
        name = self.stage(checkpoint)["match_steps_of"]
        return checkpoint_name([*stages_of(checkpoint)[:-1], name], seed_of(checkpoint)) if name else None

    def matched_strategies(self) -> list[str]:
        """List the strategies with a stage that takes its number of steps from another stage."""
        matched = {name for name, stage in self.stages.items() if stage["match_steps_of"]}
        return [name for name, chain in self.strategies.items() if matched & set(chain)]

    def replay_sweep(self) -> dict[str, float]:
        """Return the ratio of replayed HighlyKnown questions of the most strategies that differ in nothing else."""
        families: dict[str, dict[str, float]] = {}
        for name, chain in self.strategies.items():
            last = self.stages[chain[-1]]
            rest = {**last, "replay": {**last["replay"], "HighlyKnown": None}}
            key = json.dumps([list(chain[:-1]), rest], sort_keys=True)
            families.setdefault(key, {})[name] = last["replay"]["HighlyKnown"]
        return max(families.values(), key=lambda family: len(set(family.values())))


def selection(stage: Stage) -> dict[str, Any]:
    """Return the part of a stage that says which questions it takes, without empty parts."""
    control = stage["matched_random"]
    random = control | {"from": control["from"] or list(CATEGORY_NAMES)} if control["match_size_of"] else {}
    parts = {
        "train_on": {when: chosen for when, chosen in stage["train_on"].items() if chosen},
        "replay": {category: ratio for category, ratio in stage["replay"].items() if ratio},
        "matched_random": random,
        "p_sampled_exponent": stage["p_sampled_exponent"],
        "shuffle_answers": stage["shuffle_answers"],
    }
    return {key: value for key, value in parts.items() if value}


def sampling_mode(config: Mapping[str, Any]) -> str:
    """Return how far samples are drawn: ``full``, ``lazy`` or ``pruned``, see ``knowledge.sampling``.

    Where answers are matched exactly, ``lazy`` becomes ``pruned``, which judges the samples of every question.
    """
    knowledge = config["knowledge"]
    can_prune = config["data"]["answer_match"] == "exact" and knowledge["engine"] == "native"
    return "pruned" if knowledge["sampling"] == "lazy" and can_prune else str(knowledge["sampling"])


def stage_definition(experiment: Experiment, stage: Stage) -> dict[str, Any]:
    """Return what defines the training set and the length of a stage, apart from its training settings."""
    name = stage["match_steps_of"]
    sibling = {"match_steps_of": stage_definition(experiment, experiment.stages[name])} if name else {}
    matched = experiment.matched_selection(stage)
    return {**selection(stage), "balanced": stage["train_on"]["balanced"], "matched": matched or {}, **sibling}
