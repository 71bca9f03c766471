"""Keys and values of older versions, and their names of today.

Where a setting is one of transformers, PEFT or lm-evaluation-harness, it has the name that it has there.
"""

from collections.abc import Iterator
from typing import Any

RENAMED = {  # old key -> new key; * is the name of a stage
    "data.match": "data.answer_match",
    "data.address": "data.url",
    "data.phrases": "data.answer_phrases",
    "pretraining.vocabulary": "pretraining.vocab_size",
    "pretraining.layers": "pretraining.num_hidden_layers",
    "pretraining.heads": "pretraining.num_attention_heads",
    "pretraining.beta2": "pretraining.adam_beta2",
    "knowledge.shots": "knowledge.num_fewshot",
    "knowledge.samples": "knowledge.samples_per_prompt",
    "knowledge.mode": "knowledge.sampling",
    "training.max_epochs": "training.num_train_epochs",
    "training.patience": "training.early_stopping_patience",
    "training.schedule": "training.lr_scheduler_type",
    "training.lora.rank": "training.lora.r",
    "training.lora.alpha": "training.lora.lora_alpha",
    "training.lora.dropout": "training.lora.lora_dropout",
    "training.parallel.sharded": "training.parallel.fsdp",
    "training.parallel.accumulation": "training.gradient_accumulation_steps",
    "stages.*.train_on.now": "stages.*.train_on.current",
    "stages.*.matched_random.size_of": "stages.*.matched_random.match_size_of",
    "stages.*.steps_as": "stages.*.match_steps_of",
    "stages.*.max_epochs": "stages.*.num_train_epochs",
    "stages.*.patience": "stages.*.early_stopping_patience",
    "stages.*.schedule": "stages.*.lr_scheduler_type",
    "evaluation.bootstrap": "evaluation.bootstrap_samples",
    "evaluation.confidence": "evaluation.confidence_level",
    "evaluation.retest": "evaluation.relabel",
    "evaluation.probe_questions": "evaluation.heldout_questions",
    "evaluation.arms": "evaluation.category_ranking",
}
RENAMED_VALUES = {  # key of today -> old value -> new value
    "training.lr_scheduler_type": {"constant": "constant_with_warmup"},
    "stages.*.lr_scheduler_type": {"constant": "constant_with_warmup"},
}


def rename(settings: dict[str, Any]) -> list[str]:
    """Replace old keys and values by those of today, in place, and return an explanation for each.

    The caller reports the explanations as faults; the replaced settings can be checked further without consequential
    faults, such as a stage that seems to select nothing.
    """
    return [*_renamed_keys(settings), *_renamed_values(settings)]


def _renamed_keys(settings: dict[str, Any]) -> Iterator[str]:
    for old_key, new_key in RENAMED.items():
        for old, new in zip(_paths(old_key, settings), _paths(new_key, settings), strict=True):
            section = _section(old, settings)
            if old[-1] in section:
                value = section.pop(old[-1])
                new_value = _new_value(value, new_key)
                hint = f", and its value {value} is now {new_value}" if new_value else ""
                yield f"`{'.'.join(old)}` is now `{'.'.join(new)}`{hint}"
                _section(new, settings)[new[-1]] = new_value or value


def _renamed_values(settings: dict[str, Any]) -> Iterator[str]:
    for key in RENAMED_VALUES:
        for path in _paths(key, settings):
            section = _section(path, settings)
            value = section.get(path[-1])
            if new_value := _new_value(value, key):
                yield f"`{'.'.join(path)}`: the value {value} is now {new_value}"
                section[path[-1]] = new_value


def _paths(key: str, settings: dict[str, Any]) -> list[list[str]]:
    """Return the path of a dotted key, or its path in every stage of the settings."""
    path = key.split(".")
    if "*" not in path:
        return [path]
    stages = settings.get("stages")
    names = [name for name in stages if isinstance(name, str)] if isinstance(stages, dict) else []
    return [[name if part == "*" else part for part in path] for name in names]


def _section(path: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping that contains the last key of a path, or an empty one where there is none."""
    section: Any = settings
    for name in path[:-1]:
        section = section.get(name) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else {}


def _new_value(value: Any, key: str) -> str | None:
    """Return the new name of a value of a key, or None where the value has kept its name."""
    return RENAMED_VALUES.get(key, {}).get(value) if isinstance(value, str) else None
