"""Working folders that outlive a killed job, and finished folders that appear whole."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from gradual_learning.records import file_digest

_STAMP = "made_for.json"
_WHOLE = "whole"


class MarkWhole(TrainerCallback):
    """Mark a Trainer checkpoint once all of its files are written; one without the mark was cut off."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Leave the mark."""
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _WHOLE).touch()


def open_scratch(folder: str | Path, purpose: Any) -> str | None:
    """Make a working folder ready and return the Trainer checkpoint in it to go on from, if there is one.

    Args:
        folder: where a job keeps its checkpoints while it runs.
        purpose: everything that the result depends on, as JSON. What an earlier job left there for another purpose is
            removed, so that a changed setting never goes on from the old one's weights.
    """
    folder, stamp = Path(folder), json.dumps(purpose, sort_keys=True)
    if folder.is_dir() and _read(folder / _STAMP) != stamp:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STAMP).write_text(stamp, encoding="utf-8")
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for path in [path for path in found if not (path / _WHOLE).exists()]:
        shutil.rmtree(path)
        found.remove(path)
    return str(found[-1]) if found else None


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def fingerprint(*paths: str | Path) -> str:
    """Return a hash of the contents of files, and of all files in folders."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        for file in sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]:
            digest.update(bytes.fromhex(file_digest(file)))
    return digest.hexdigest()


def publish(source: str | Path, names: list[str], folder: str | Path) -> None:
    """Copy files into a folder that appears whole or not at all.

    Args:
        source: folder to copy from.
        names: glob patterns of the files wanted.
        folder: the folder to make; what stands there is replaced.
    """
    folder = Path(folder)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in names:
        for file in sorted(Path(source).glob(name)):
            shutil.copyfile(file, partial / file.name)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
