"""Finished runs that are to be combined: how each was made, in what they differ, and their effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gradual_learning.configuration.replicates import twins
from gradual_learning.evaluation.effects import COLUMNS, Pairs
from gradual_learning.experiment import BASE, Experiment, stage_definition
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import read_json_lines, read_tsv

ANSWER_KEYS = {
    "data": ("answer_match", "f1_threshold", "multiple_answers"),
    "knowledge": ("exemplar_sets", "num_fewshot", "samples_per_prompt", "temperature", "top_k", "estimator"),
}
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        name: in tables and figures.
        folder: of its results.
        version: of the workflow, and a hash of the code that made the numbers.
        config: its complete configuration.
        effects: tables/effects.tsv.
    """

    name: str
    folder: str
    version: Mapping[str, str]
    config: Config
    effects: pd.DataFrame

    @classmethod
    def read(cls, name: str, folder: str, made: str, effects: str) -> "Run":
        """Read a run.

        Args:
            name: of the run.
            folder: of its results.
            made: its methods.json.
            effects: its table of effects.

        Raises:
            UserError: a file is not of this workflow.
        """
        (record,) = read_json_lines(made, whole=True)
        table = read_tsv(effects)
        if missing := [key for key in ("version", "code", "config") if key not in record]:
            raise UserError(f"{made}: {', '.join(missing)} is missing. Remove the file and rerun this run.")
        if missing := sorted(set(COLUMNS) - set(table)):
            raise UserError(f"{effects}: column {', '.join(missing)} is missing. Remove the file and rerun this run.")
        version = {key: str(record[key]) for key in ("version", "code")}
        return cls(name, folder, version, record["config"], table)


def require_combinable(runs: Sequence[Run], pairs: Pairs, allowed: Sequence[str]) -> dict[str, str]:
    """Check that runs differ in nothing that makes their effects incomparable.

    Args:
        runs: two or more; the first is the reference.
        pairs: the comparisons (baseline, strategy) to combine.
        allowed: aspects of :func:`differences` in which they may differ.

    Returns:
        For each run the allowed differences from the first one in words, empty for none.

    Raises:
        UserError: runs differ in more, have the same base model and questions, or lack a comparison; all are named.
    """
    first = runs[0]
    faults = list(twins({run.folder: run.config for run in runs}))
    notes = {}
    for run in runs:
        faults += [
            f"{run.folder}: {strategy} was not compared with {baseline}"
            for baseline, strategy in pairs
            if run.effects.query("baseline == @baseline and strategy == @strategy").empty
        ]
        found = differences(first, run, pairs)
        faults += [
            f"{run.folder}: other {aspect} than {first.folder}: {'; '.join(items)}"
            for aspect, items in found.items()
            if aspect not in allowed
        ]
        notes[run.name] = "; ".join(item for aspect in found if aspect in allowed for item in found[aspect])
    if faults:
        remedy = (
            "Rerun these runs with one version and the same settings, leave them out, name `comparisons` that all have,"
            " or list differences that do not matter in `combine.allow`."
        )
        raise UserError("\n  - ".join(["the runs cannot be combined:", *faults]) + f"\n{remedy}")
    return notes


def differences(reference: Run, run: Run, pairs: Pairs) -> dict[str, list[str]]:
    """Describe what makes the effects of two runs incomparable, by aspect; other worlds, models and questions do not.

    Returns:
        For each aspect with a difference its items: ``version``, ``strategies`` (chains and selection of the compared
        ones), ``training`` (their settings and the prompt) and ``answers`` (when an answer is correct, and how
        questions are labeled).

    Raises:
        UserError: a configuration lacks a key of this version.
    """
    names = list(dict.fromkeys(name for pair in pairs for name in pair if name != BASE))
    described = [_described(item, names) for item in (reference, run)]
    found = {}
    for aspect, before in described[0].items():
        after = described[1][aspect]
        items = [
            f"{key} {after.get(key)} instead of {before.get(key)}"
            for key in before | after
            if before.get(key) != after.get(key)
        ]
        if items:
            found[aspect] = items
    return found


def _described(run: Run, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the settings of a run that its effects depend on, by aspect and dotted key."""
    try:
        experiment = Experiment.from_config(run.config)
        chains = {name: experiment.strategies[name] for name in names if name in experiment.strategies}
        stages = {stage: experiment.stages[stage] for chain in chains.values() for stage in chain}
        training = {name: experiment.training_settings(stage) for name, stage in stages.items()}
        answers = {section: {key: run.config[section][key] for key in keys} for section, keys in ANSWER_KEYS.items()}
        prompt = run.config["training"]["prompt"]
        selected = {name: stage_definition(experiment, stage) for name, stage in stages.items()}
    except KeyError as error:
        raise UserError(
            f"{run.folder}: the recorded configuration lacks {error}. Rerun it with this version."
        ) from error
    return {
        "version": dict(run.version),
        "strategies": _flat({"strategies": chains, "stages": selected}),
        "training": _flat({"stages": training, "training": {"prompt": prompt}}),
        "answers": _flat(answers),
    }


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
