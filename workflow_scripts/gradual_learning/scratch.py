"""Working folders that outlive a killed job, and finished folders that appear whole.

A working folder lies beside the outputs, where every node of a cluster sees it, and keeps two things: the newest whole
checkpoints of a job that runs, and, of one that has ended, its outputs until the whole run has succeeded. Snakemake
removes the outputs of all jobs that share a SLURM job when one of them fails; here the others find theirs again.
"""

import errno
import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch.distributed as processes
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_STAMP = "made_for.json"
_ENDED = "outputs"
_History = list[dict[str, Any]]


def beside(output: str | Path) -> Path:
    """Return the working folder of a job by its first output; the Snakefile clears it once the output is there."""
    output = Path(output)
    return output.with_name(f".{output.name}.scratch")


def open_scratch(folder: str | Path, purpose: Any) -> Path:
    """Make a working folder ready and return it.

    Args:
        folder: where a job keeps what it has done.
        purpose: everything that the result depends on, as JSON. What an earlier job left there for another purpose is
            removed, so that a changed setting never goes on from the old one's weights.
    """
    folder, stamp = Path(folder), json.dumps(purpose, sort_keys=True)
    if _read(folder / _STAMP) != stamp:
        _remove(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _STAMP).write_text(stamp, encoding="utf-8")
    return folder


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def restore(folder: Path, outputs: Iterable[str | Path]) -> bool:
    """Put the outputs back that :func:`keep` has kept; return whether they were all there."""
    kept = {path: folder / _ENDED / str(place) for place, path in enumerate(outputs)}
    if not all(path.exists() for path in kept.values()):
        return False
    for path, copy in kept.items():
        partial = _partial(path)
        _link_all(copy, partial)
        replace(partial, path)
    logging.info("an earlier job has finished this: its outputs are put back")
    return True


def keep(folder: Path, outputs: Iterable[str | Path]) -> None:
    """Keep the outputs of a job that has ended, as links that take no room, and drop all else but the stamp."""
    ended = folder / f".{_ENDED}.{uuid.uuid4().hex}"
    for place, path in enumerate(outputs):
        _link_all(path, ended / str(place))
    replace(ended, folder / _ENDED)
    for path in folder.iterdir():
        if path.name not in (_STAMP, _ENDED):
            _remove(path)


def _link_all(source: str | Path, target: Path) -> None:
    """Link a file, or all files of a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        shutil.copytree(source, target, copy_function=_link)
    else:
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)


def _partial(target: str | Path) -> Path:
    return Path(target).with_name(f".{Path(target).name}.partial-{uuid.uuid4().hex}")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def replace(partial: Path, target: str | Path) -> None:
    """Give a finished file or folder its name; should another job do so just now, either's will do."""
    target = Path(target)
    if partial.is_dir():
        with suppress(OSError):  # another job was faster, or there is none
            _remove(target.rename(_partial(target)))
    try:
        os.replace(partial, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        _remove(partial)


class KeepCheckpoints(TrainerCallback):
    """Move a Trainer's checkpoints, once whole, from a disk of the node into the working folder.

    Args:
        folder: the working folder.
        best: tells from the Trainer's log the step whose checkpoint is kept beside the last one, if any.
    """

    def __init__(self, folder: Path, best: Callable[[_History], int | None] = lambda history: None) -> None:
        self.folder, self.best = folder, best

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the checkpoint that was just written; every process brings what it has written itself."""
        name = f"checkpoint-{state.global_step}"
        partial, written = self.folder / f".{name}.partial", Path(args.output_dir) / name
        if state.is_world_process_zero:
            _remove(partial)
        _wait_for_all()
        if written.is_dir():
            shutil.copytree(written, partial, dirs_exist_ok=True)
            shutil.rmtree(written)
        _wait_for_all()
        if state.is_world_process_zero:
            replace(partial, self.folder / name)
            wanted = {state.global_step, self.best(state.log_history)}
            for step, path in checkpoints(self.folder).items():
                if step not in wanted:
                    shutil.rmtree(path)
        _wait_for_all()


def _wait_for_all() -> None:
    if processes.is_available() and processes.is_initialized():
        processes.barrier()


def checkpoints(folder: Path) -> dict[int, Path]:
    """Return the checkpoints in a working folder by their step, the last one last."""
    found = {int(path.name.rpartition("-")[2]): path for path in folder.glob("checkpoint-*")}
    return dict(sorted(found.items()))


def last_checkpoint(folder: Path) -> str | None:
    """Return the checkpoint to go on from, if there is one."""
    return str([*checkpoints(folder).values()][-1]) if checkpoints(folder) else None


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """Yield a folder beside ``folder`` to write to; it takes that name when the block ends well, else it is removed."""
    partial = _partial(folder)
    partial.mkdir(parents=True)
    try:
        yield partial
        replace(partial, folder)
    finally:
        _remove(partial)


def publish(source: str | Path, names: list[str], folder: str | Path) -> None:
    """Copy files into a folder that appears whole or not at all.

    Args:
        source: folder to copy from.
        names: glob patterns of the files wanted.
        folder: the folder to make; what stands there is replaced.
    """
    with whole_folder(folder) as partial:
        for name in names:
            for file in sorted(Path(source).glob(name)):
                shutil.copyfile(file, partial / file.name)
