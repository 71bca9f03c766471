"""How a run was made: its model, the training set of each stage, and the versions of its packages."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pandas as pd

from gradual_learning.experiment import chain_name
from gradual_learning.report.wording import code, listed

TITLE = "How this was made"
MODEL_KEYS = ("source", "name", "revision", "path", "gguf_file", "commit", "architecture", "parameters", "license")
FILE_KEYS = {"wheel": ("file", "sha256"), "gguf": ("file", "quantization", "sha256")}  # of a converted model


def model(description: str | None, seed: int, chat_template: bool = False) -> str:
    """Describe the base model in Markdown.

    Args:
        description: JSON file about a model that was fetched, None where it was pretrained.
        seed: of pretraining.
        chat_template: whether its chat template was used.
    """
    if description is None:
        return f"The workflow pretrained the base model on the documents of its world, with seed {seed}."
    facts = json.loads(Path(description).read_text(encoding="utf-8"))
    lines = [f"- {key}: {code(str(facts[key]))}" for key in MODEL_KEYS if facts.get(key) is not None]
    if chat_template:
        lines.append(f"- chat_frame: {code(json.dumps(facts.get('chat_frame'), ensure_ascii=False))}")
    for kind, keys in FILE_KEYS.items():
        file = facts.get(kind, {})
        lines += [f"- {kind} {key}: {code(str(file[key]))}" for key in keys if file.get(key) is not None]
    return "\n".join(lines)


def stages(training_data: pd.DataFrame, strategies: Mapping[str, Sequence[str]]) -> str:
    """Tabulate in Markdown the set formula of every stage of every strategy, and on how many questions it trained.

    Args:
        training_data: tables/training_data.tsv.
        strategies: the stages of each strategy.
    """
    sizes = training_data.groupby(["checkpoint", "seed"])["questions"].sum().groupby("checkpoint").mean()
    formulas = training_data.groupby("checkpoint")["formula"].first()
    rows = ["| strategies | stage | trains on | questions, mean over seeds |", "|---|---|---|---|"]
    for chain, names in _strategies_by_chain(strategies).items():
        users = listed([code(name) for name in names])
        formula = code(formulas[chain].replace("|", r"\|"))
        rows.append(f"| {users} | {code(chain.rpartition('+')[2])} | {formula} | {sizes[chain]:,.1f} |")
    return "\n".join(rows)


def _strategies_by_chain(strategies: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """List, for each chain of stages that is trained, the strategies that pass through it."""
    users: dict[str, list[str]] = {}
    for name, chain in strategies.items():
        for length in range(1, len(chain) + 1):
            users.setdefault(chain_name(chain[:length]), []).append(name)
    return users


def versions(requirements: str) -> str:
    """Tabulate in Markdown the pinned and the installed version of each package in the text of a requirements file."""
    pins = [line.split("==") for line in requirements.splitlines() if "==" in line]
    rows = [f"| {package} | {pinned} | {_installed(package)} |" for package, pinned in pins]
    rows.insert(0, f"| python | | {platform.python_version()} |")
    return "\n".join(["| package | pinned | installed |", "|---|---|---|", *rows])


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not in this environment"
