"""Work folders: what a killed job has computed so far, kept next to its outputs for the job that resumes it.

A job opens the work folder of its first output, computes, and removes the folder once all its outputs are in place.
Killed before that, it starts again without outputs (Snakemake removes them) and finds its results in the folder.
"""

import json
import shutil
from pathlib import Path
from typing import Any

_PURPOSE = "purpose.json"


def work_folder(output: str | Path) -> Path:
    """Return the work folder of the job that writes ``output``, next to it: all nodes of a cluster have access."""
    output = Path(output)
    return output.with_name(f".{output.name}.work")


def open_work_folder(folder: str | Path, purpose: Any) -> Path:
    """Create a work folder, or keep the one that an interrupted job has left for the same purpose.

    Args:
        folder: the work folder.
        purpose: everything that the result depends on, as JSON. Content left for another purpose is removed, so that
            a job never resumes from the results of other settings.

    Returns:
        The folder.
    """
    folder, text = Path(folder), json.dumps(purpose, sort_keys=True)
    file = folder / _PURPOSE
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        remove(folder)
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def remove(folder: str | Path) -> None:
    """Remove a work folder, if there is one."""
    folder = Path(folder)
    (folder / _PURPOSE).unlink(missing_ok=True)  # first: what a killed removal leaves is never resumed from
    shutil.rmtree(folder, ignore_errors=True)
