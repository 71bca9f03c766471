"""Whether what an experiment needs is really there: the model, the questions, room on the disk, a device."""

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import psutil
import torch

from gradual_learning.plan.blueprint import Blueprint
from gradual_learning.plan.calibration import Trial
from gradual_learning.plan.workload import DISTINCT, Lengths
from gradual_learning.records import SPLITS, UserError

GIGA = 1e9
PROCESS = 0.6e9  # bytes of a process that has imported all it needs
PER_TRAINED = 16  # bytes of a weight in fp32, its gradient and the two moments of AdamW
PER_ACTIVATION = 34  # bytes kept of a token for the backward pass, by layer and unit of width (Korthikanti et al. 2022)


@dataclass(frozen=True)
class Check:
    """One thing that must be there, what was found, and what to do where that is not enough."""

    name: str
    passed: bool
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Device:
    """What runs the model."""

    name: str
    memory: int  # bytes
    gpus: int


def find_device() -> Device:
    """Return all GPUs together, or the processor with the memory of the machine."""
    cards = [torch.cuda.get_device_properties(place) for place in range(torch.cuda.device_count())]
    if cards:
        names = Counter(card.name for card in cards)
        name = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in names.items())
        return Device(name, sum(card.total_memory for card in cards), len(cards))
    return Device(f"processor with {os.cpu_count()} cores, no GPU", psutil.virtual_memory().total, 0)


def memory_needed(model: Blueprint, trial: Trial, lengths: Lengths, trainable: dict[str, int]) -> float:
    """Estimate the bytes of memory of the largest job: sampling, or a training step."""
    return model.held_bytes + max(_sampling(model, trial, lengths), _training(model, trial, lengths, trainable))


def _sampling(model: Blueprint, trial: Trial, lengths: Lengths) -> float:
    """Estimate the bytes of a batch: keys and values of the distinct rows, and the logits of their next tokens."""
    text, width = model.config.get_text_config(), model.dtype.itemsize
    heads = getattr(text, "num_attention_heads", None) or 1
    size = getattr(text, "head_dim", None) or text.hidden_size // heads
    keys = 2 * text.num_hidden_layers * (getattr(text, "num_key_value_heads", None) or heads) * size * width
    largest = trial.questions.groupby(["relation", "split"]).size().max()
    prompts = min(largest, trial.batch_tokens / (lengths.examples + lengths.question))
    rows = prompts * max(1.0, trial.samples * DISTINCT)
    return rows * ((lengths.question + trial.decoding.max_new_tokens) * keys + text.vocab_size * (width + 4))


def _training(model: Blueprint, trial: Trial, lengths: Lengths, trainable: dict[str, int]) -> float:
    """Estimate the bytes of a step: the trained weights, what is kept for the backward pass, the logits."""
    text, width = model.config.get_text_config(), model.dtype.itemsize
    tokens = max(trial.batch_sizes.values()) * (lengths.zero_shot + lengths.answer)
    kept = tokens * text.num_hidden_layers * text.hidden_size * PER_ACTIVATION * width / 2
    return max(trainable.values()) * PER_TRAINED + kept + tokens * text.vocab_size * (width + 8)


def check_model(name: str, parameters: int, weight_bytes: int, quantization: str) -> Check:
    """Check that the model can be loaded as the configuration asks; its outline has been read by then."""
    found = f"{name}: {quantity(parameters)} parameters, {bytes_told(weight_bytes)} of weights"
    if quantization == "4bit" and find_spec("bitsandbytes") is None:
        return Check("model", False, found, "model.quantization: `pip install bitsandbytes`, or set it to none")
    return Check("model", True, found)


def check_questions(questions: pd.DataFrame) -> Check:
    """Check that there is something to train on, to choose by and to test; columns of ``records.QUESTIONS``."""
    counts = questions["split"].value_counts().reindex(SPLITS, fill_value=0)
    shown = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    relations = questions["relation"].nunique()
    found = f"{shown} questions of {relations} relation{'' if relations == 1 else 's'}"
    missing = " and no ".join(counts[counts == 0].index)
    return Check("questions", not missing, found, f"data.limits, data.splits: there is no {missing} question")


def check_disk(needed: float, results: str | Path) -> Check:
    """Check that what is still to be written finds room beside what is there."""
    free = shutil.disk_usage(results).free
    there = sum(file.stat().st_size for file in Path(results).rglob("*") if file.is_file())
    missing = needed - there - free
    found = (
        f"about {bytes_told(needed)} in all, {bytes_told(there)} of it written; {bytes_told(free)} free in {results}"
    )
    remedy = f"free {bytes_told(missing)}, or put the results elsewhere (pathvars.results)"
    return Check("disk", missing <= 0, found, remedy)


def check_device(device: Device, needed: float, jobs: int) -> Check:
    """Check that the memory holds so many jobs at a time, each with ``needed`` bytes."""
    whole = jobs * (needed + (0 if device.gpus else PROCESS))
    beside = f" ({jobs} jobs at a time)" if jobs > 1 else ""
    found = f"{device.name}, {bytes_told(device.memory)}; about {bytes_told(whole)} needed{beside}"
    remedy = (
        "lower knowledge.batch_tokens, training.batch_size or --cores, take a smaller model or model.quantization 4bit"
    )
    return Check("device", whole <= device.memory, found, remedy)


def insist(checks: list[Check]) -> None:
    """Raise a UserError if a check failed."""
    failed = [f"{check.name}: {check.found}. {check.remedy}." for check in checks if not check.passed]
    if failed:
        raise UserError("the experiment cannot run as it is. " + " ".join(failed))


def bytes_told(number: float) -> str:
    """Write bytes for people."""
    return f"{number / GIGA:,.1f} GB" if number >= 0.1 * GIGA else f"{number / 1e6:,.1f} MB"


def quantity(number: float) -> str:
    """Write a large number for people."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if number >= size:
            return f"{number / (1e3 if unit == 'k' else size):.3g} {unit}"
    return f"{number:,.0f}"
