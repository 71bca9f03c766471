"""A copy of the files of the workflow, without results."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ("Snakefile", "CITATION.cff", "config.yaml", "rules", "envs", "profiles", "experiments", "workflow_scripts")


def copy_workflow(target: Path) -> Path:
    """Copy the files of the workflow to a folder."""
    for name in WORKFLOW:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target
