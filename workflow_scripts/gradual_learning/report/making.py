"""How a run was made: its model, its seeds, what each stage trained on, what it took, and the versions behind it."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pandas as pd

from gradual_learning.measures.runs import chain_name
from gradual_learning.report.sentences import code, listed

TITLE = "How this was made"
MODEL = ("source", "name", "revision", "path", "commit", "architecture", "parameters")


def model(description: str | None, seed: int) -> str:
    """Say which base model it was, from the description of a fetched one (JSON file), else the seed of pretraining."""
    if description is None:
        return f"The base model was pretrained by the workflow on the documents of its world, with seed {seed}."
    facts = json.loads(Path(description).read_text(encoding="utf-8"))
    return "\n".join(f"- {key}: {code(str(facts[key]))}" for key in MODEL if facts.get(key) is not None)


def stages(training_data: pd.DataFrame, strategies: Mapping[str, Sequence[str]]) -> str:
    """Tabulate the set formula of every stage of every strategy, and on how many questions it trained."""
    sizes = training_data.groupby(["checkpoint", "seed"])["questions"].sum().groupby("checkpoint").mean()
    formulas = training_data.groupby("checkpoint")["formula"].first()
    rows = ["| strategies | stage | trains on | questions, mean over seeds |", "|---|---|---|---|"]
    for chain, names in _users(strategies).items():
        who = listed([code(name) for name in names])
        formula = code(formulas[chain].replace("|", r"\|"))
        rows.append(f"| {who} | {code(chain.rpartition('+')[2])} | {formula} | {sizes[chain]:,.1f} |")
    return "\n".join(rows)


def _users(strategies: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """List, for each chain of stages that is trained, the strategies that pass through it."""
    users: dict[str, list[str]] = {}
    for name, chain in strategies.items():
        for length in range(1, len(chain) + 1):
            users.setdefault(chain_name(chain[:length]), []).append(name)
    return users


def versions(requirements: str) -> str:
    """Tabulate the packages that the requirements (a file of pins) name: the version pinned and the one found."""
    lines = Path(requirements).read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if "==" in line]
    rows = [f"| {package} | {pinned} | {_installed(package)} |" for package, pinned in pins]
    rows.insert(0, f"| python | | {platform.python_version()} |")
    return "\n".join(["| package | pinned | here |", "|---|---|---|", *rows])


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not in this environment"
