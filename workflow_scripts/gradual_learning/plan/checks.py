"""Checks of what an experiment needs: the model, the questions, the disk space and the device."""

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import psutil
import torch

from gradual_learning.jobs.errors import UserError
from gradual_learning.plan.model_spec import ModelSpec
from gradual_learning.plan.units import format_bytes, format_count
from gradual_learning.plan.workload import DISTINCT, Workload
from gradual_learning.tables.schemas import SPLITS

PROCESS_BYTES = 0.6e9  # memory of a process that has imported its libraries
TRAINED_WEIGHT_BYTES = 16  # a weight in fp32, its gradient and the two moments of AdamW
ACTIVATION_BYTES = 34  # kept for the backward pass, per token, layer and hidden unit (Korthikanti et al. 2022)
LESS_MEMORY = (
    "lower knowledge.batch_tokens, training.batch_size or --cores, use a smaller model, or set model.quantization to "
    "4bit"
)


@dataclass(frozen=True)
class Check:
    """A requirement, what was found, and what to do if that is not enough."""

    name: str
    passed: bool
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Device:
    """The processor or the GPUs that run the model."""

    name: str
    memory: int  # bytes
    gpus: int


def find_device() -> Device:
    """Return all GPUs together, or else the processor with the memory of the machine."""
    cards = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    if cards:
        names = Counter(card.name for card in cards)
        name = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in names.items())
        return Device(name, sum(card.total_memory for card in cards), len(cards))
    return Device(f"processor with {os.cpu_count()} cores, no GPU", psutil.virtual_memory().total, 0)


def memory_needed(workload: Workload) -> float:
    """Estimate the memory of the largest job, which samples or trains; in bytes."""
    return workload.spec.loaded_bytes + max(_sampling_bytes(workload), _training_bytes(workload))


def _sampling_bytes(workload: Workload) -> float:
    """Estimate the memory of a batch: keys and values of its distinct rows, and the logits of their next tokens."""
    config, width = workload.spec.config.get_text_config(), workload.spec.dtype.itemsize
    knowledge, lengths = workload.config["knowledge"], workload.lengths
    heads = getattr(config, "num_attention_heads", None) or 1
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    cache = 2 * config.num_hidden_layers * (getattr(config, "num_key_value_heads", None) or heads) * size * width
    largest = workload.questions.groupby(["relation", "split"]).size().max()
    prompts = min(largest, knowledge["batch_tokens"] / (lengths.exemplars + lengths.question))
    rows = prompts * max(1.0, knowledge["samples_per_prompt"] * DISTINCT)
    tokens = lengths.question + knowledge["max_new_tokens"]
    return rows * (tokens * cache + config.vocab_size * (width + 4))


def _training_bytes(workload: Workload) -> float:
    """Estimate the memory of a step: the trained weights, the activations for the backward pass, and the logits."""
    config, width = workload.spec.config.get_text_config(), workload.spec.dtype.itemsize
    tokens = max(workload.batch_sizes.values()) * (workload.lengths.zero_shot + workload.lengths.answer)
    activations = tokens * config.num_hidden_layers * config.hidden_size * ACTIVATION_BYTES * width / 2
    weights = max(workload.trainable.values()) * TRAINED_WEIGHT_BYTES
    return weights + activations + tokens * config.vocab_size * (width + 8)


def check_model(spec: ModelSpec) -> Check:
    """Check that the libraries that the model needs are installed; its configuration has been read by then."""
    size = f"{format_count(spec.parameters)} parameters, {format_bytes(spec.stored_bytes)} of weights"
    passed = spec.loading.quantization != "4bit" or find_spec("bitsandbytes") is not None
    remedy = "model.quantization 4bit needs bitsandbytes: run `pip install bitsandbytes`, or set it to none"
    return Check("model", passed, f"{spec.name}: {size}", remedy)


def check_questions(questions: pd.DataFrame) -> Check:
    """Check that every split has questions; columns of ``schemas.QUESTIONS``."""
    counts = questions["split"].value_counts().reindex(SPLITS, fill_value=0)
    sizes = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    relations = questions["relation"].nunique()
    found = f"{sizes} questions of {relations} relation{'' if relations == 1 else 's'}"
    missing = " and no ".join(counts[counts == 0].index)
    return Check("questions", not missing, found, f"there is no {missing} question: change data.limits or data.splits")


def check_disk(needed: float, results: str | Path) -> Check:
    """Check that the disk has room for the results that are not written yet.

    Args:
        needed: size of all results in bytes.
        results: their folder.
    """
    free = shutil.disk_usage(results).free
    written = sum(file.stat().st_size for file in Path(results).rglob("*") if file.is_file())
    missing = needed - written - free
    found = (
        f"{format_bytes(needed)} needed, {format_bytes(written)} of it written; {format_bytes(free)} free in {results}"
    )
    remedy = f"free {format_bytes(missing)}, or put the results elsewhere (pathvars.results)"
    return Check("disk", missing <= 0, found, remedy)


def check_device(device: Device, needed: float, jobs: int) -> Check:
    """Check that the memory holds ``jobs`` jobs at a time, each of which needs ``needed`` bytes."""
    whole = jobs * (needed + (0 if device.gpus else PROCESS_BYTES))
    concurrent = f" ({jobs} jobs at a time)" if jobs > 1 else ""
    found = f"{device.name}, {format_bytes(device.memory)}; about {format_bytes(whole)} needed{concurrent}"
    return Check("device", whole <= device.memory, found, LESS_MEMORY)


def require_passed(checks: list[Check]) -> None:
    """Raise an error if a check failed.

    Raises:
        UserError: the message has the finding and the remedy of each failed check.
    """
    failed = [f"{check.name}: {check.found}. To fix this, {check.remedy}." for check in checks if not check.passed]
    if failed:
        raise UserError("the experiment cannot run as configured. " + " ".join(failed))
