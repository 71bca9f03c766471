"""Download models and data sets of the hub, and files from the web.

A file is complete when its size and its hash are those that the hub lists. So a second call downloads no file again,
and a truncated, changed or damaged file is replaced. Files in the user's own cache of the hub are copied from there.
"""

import fnmatch
import hashlib
import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from huggingface_hub import HfApi, constants, hf_hub_url, snapshot_download, try_to_load_from_cache
from huggingface_hub.utils import build_hf_headers

from gradual_learning import USER_IS_OFFLINE
from gradual_learning.jobs.atomic_files import atomic_file
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.fingerprint import file_digest
from gradual_learning.models.files import GGUF, config_files, gguf_choice, weight_files
from gradual_learning.models.hub import transfers
from gradual_learning.models.hub.errors import OFFLINE, Repository, explain, explain_url

_TIMEOUT = 60.0  # seconds for a list of files
_LENGTHS = set(range(1, 220))  # bytes of a part of a name; a partial file has a longer name, at most 255 bytes
_COMMIT, _DIGEST = re.compile("[0-9a-f]{40}"), re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class _File:
    name: str
    size: int  # bytes
    digest: str  # sha256; for small files on the hub the SHA-1 of git
    cached: Path | None  # in the user's own cache of the hub


def fetch_dataset(repository: str, revision: str, patterns: list[str], folder: str | Path) -> dict[str, Any]:
    """Download files of a data set on the hub; complete files in the folder are not downloaded again.

    Args:
        repository: name of the data set, owner/name.
        revision: branch, tag or commit.
        patterns: which files, as shell patterns; `*` also matches slashes.
        folder: receives the files under their names in the repository, and partial files until they are complete. A
            file in it that matches the patterns but belongs to an earlier commit is removed.

    Returns:
        ``commit`` (of the revision), ``files`` (name -> bytes) and ``sha256`` (name -> digest).

    Raises:
        UserError: the data set cannot be downloaded; the message states the reason and the remedy.
    """
    data = Repository("dataset", repository, revision)
    with transfers.online(), explain(data):
        commit, files = _list_files(data)
        wanted = [file for file in files if _matches(file.name, patterns)]
        if not wanted:
            raise UserError(
                f"{data.name_key}: {data} has no file {' or '.join(patterns)}. Set {data.revision_key} to a revision "
                "that has one."
            )
        _remove_others(Path(folder), patterns, {file.name for file in wanted})
        return {"commit": commit, **_complete(data, commit, wanted, Path(folder))}


def fetch_model(name: str, revision: str, folder: str | Path, weights: bool) -> dict[str, Any]:
    """Download a model on the hub: configuration, tokenizer and, if requested, weights.

    Args:
        name: name of the model, owner/name.
        revision: branch, tag or commit.
        folder: receives the files, and partial files until they are complete.
        weights: whether to download the weights too.

    Returns:
        ``commit`` (of the revision), ``files`` (name -> bytes) and ``sha256`` (name -> digest) of the downloaded
        files, and ``weights`` (name -> bytes) of all weight files, downloaded or not.

    Raises:
        UserError: the model cannot be downloaded or has no complete safetensors weights; the message states the reason
            and the remedy.
    """
    model = Repository("model", name, revision)
    with transfers.online(), explain(model):
        commit, listed = _list_files(model)
        files, title = {file.name: file for file in listed}, f"{model.name_key}: {model}"
        small = [files[name] for name in config_files(files, title)]
        fetched = _complete(model, commit, small, Path(folder))
        shards = [files[name] for name in weight_files(files, folder, title)]
        if weights:
            fetched = _complete(model, commit, small + shards, Path(folder))
        return {"commit": commit, **fetched, "weights": {file.name: file.size for file in shards}}


def fetch_gguf(name: str, revision: str, file: str, folder: str | Path) -> dict[str, Any]:
    """Download one GGUF file of a repository on the hub; a complete file in the folder is not downloaded again.

    Args:
        name: name of the repository, owner/name.
        revision: branch, tag or commit.
        file: name of the file in the repository.
        folder: receives the file under its name in the repository, and its partial file until it is complete.

    Returns:
        ``commit`` (of the revision), ``bytes`` and ``sha256`` of the file.

    Raises:
        UserError: the file cannot be downloaded; the message states the reason and the remedy.
    """
    model = Repository("model", name, revision)
    with transfers.online(), explain(model):
        commit, listed = _list_files(model)
        found = [item for item in listed if item.name == file]
        if not found:
            held = [item.name for item in listed if item.name.endswith(GGUF)]
            raise UserError(f"model.gguf_file: {model} has no file {file}. {gguf_choice(held)}")
        fetched = _complete(model, commit, found, Path(folder))
        return {"commit": commit, "bytes": fetched["files"][file], "sha256": fetched["sha256"][file]}


def fetch_file(url: str, path: str | Path) -> None:
    """Download a file from the web to ``path``, which appears when it is complete; an existing file is kept.

    Raises:
        UserError: the file cannot be downloaded; the message states the reason and the remedy.
    """
    path, digest = Path(path), hashlib.sha256(url.encode()).hexdigest()
    if not path.exists():
        if USER_IS_OFFLINE:
            raise UserError(f"{OFFLINE}, so {url} cannot be downloaded. Unset it, or set data.path to a copy.")
        with transfers.online(), explain_url(url):
            transfers.download(url, path, digest, None, {"Accept-Encoding": "identity"})


def _list_files(repository: Repository) -> tuple[str, list[_File]]:
    """Return the commit of a revision and its files; from the user's cache only if the user is offline."""
    kind, name = repository.kind, repository.name
    if USER_IS_OFFLINE:
        found = snapshot_download(name, repo_type=kind, revision=repository.revision, local_files_only=True)
        paths = [path for path in sorted(Path(found).rglob("*")) if path.is_file()]
        files = [
            _File(path.relative_to(found).as_posix(), path.stat().st_size, file_digest(path), path) for path in paths
        ]
        return Path(found).name, files
    info: Any = transfers.retry(
        lambda: HfApi().repo_info(
            name, repo_type=kind, revision=repository.revision, files_metadata=True, timeout=_TIMEOUT
        )
    )
    listed = [_listed(repository, sibling) for sibling in info.siblings or []]
    if not isinstance(info.sha, str) or not _COMMIT.fullmatch(info.sha):
        raise _unusable(repository, f"the commit {info.sha!r}")
    folders = {str(folder) for name, _, _ in listed for folder in PurePosixPath(name).parents}
    names = [name for name, _, _ in listed]
    if repeated := [name for name in names if name in folders or names.count(name) > 1]:
        raise _unusable(repository, f"the name {repeated[0]!r} twice")
    return info.sha, [_File(*facts, _cached(repository, facts[0], info.sha)) for facts in listed]


def _listed(repository: Repository, sibling: Any) -> tuple[str, int, str]:
    """Return the name, the size and the digest of a file in the list of the hub, which may hold anything."""
    name, size, digest = sibling.rfilename, sibling.size, sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
    if not isinstance(name, str) or not name.isprintable() or not _lengths(name) <= _LENGTHS:
        raise _unusable(repository, f"a file with the name {str(name)[:200]!r}")
    if PurePosixPath(name).is_absolute() or {".", ".."}.intersection(name.split("/")):
        raise UserError(f"{repository.name_key}: {repository} has a file outside its folder, {name}. Do not use it.")
    if type(size) is not int or size < 0 or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _unusable(repository, f"{name} without size and hash")
    return name, size, digest


def _lengths(name: str) -> set[int]:
    """Return the lengths in bytes of the parts of a name."""
    return {len(part.encode()) for part in name.split("/")}


def _unusable(repository: Repository, what: str) -> UserError:
    return UserError(
        f"{repository.name_key}: the hub {constants.ENDPOINT} lists {what} in {repository}. If it is a mirror, use "
        "another one (HF_ENDPOINT)."
    )


def _cached(repository: Repository, name: str, commit: str) -> Path | None:
    cached = try_to_load_from_cache(repository.name, name, revision=commit, repo_type=repository.kind)
    return Path(cached) if isinstance(cached, str) else None


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _remove_others(folder: Path, patterns: list[str], names: set[str]) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder).as_posix()
        if _matches(name, patterns) and name not in names:
            path.unlink()


def _complete(repository: Repository, commit: str, files: list[_File], folder: Path) -> dict[str, dict[str, Any]]:
    """Download the files that are not complete in a folder; return the bytes and the sha256 of all, by name."""
    missing = [file for file in files if not _is_complete(folder / file.name, file)]
    _check_space(missing, folder)
    for file in missing:
        path = folder / file.name
        if file.cached:
            _copy(file.cached, path)
        if not _is_complete(path, file):
            _download(repository, commit, file, path)
        if not _is_complete(path, file):
            path.unlink()
            raise UserError(
                f"{path.name} of {repository} was damaged during the download. Rerun the same command to download it "
                "again."
            )
    return {
        "files": {file.name: file.size for file in files},
        "sha256": {file.name: _sha256(folder / file.name, file) for file in files},
    }


def _copy(source: Path, path: Path) -> None:
    with atomic_file(path) as partial:
        shutil.copyfile(source, partial)


def _is_complete(path: Path, file: _File) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if _has_sha256(file):
        return file_digest(path) == file.digest
    return hashlib.sha1(f"blob {file.size}\0".encode() + path.read_bytes()).hexdigest() == file.digest


def _has_sha256(file: _File) -> bool:
    return len(file.digest) == 64


def _sha256(path: Path, file: _File) -> str:
    """Return the sha256 of a complete file, without reading a large one again."""
    return file.digest if _has_sha256(file) else file_digest(path)


def _check_space(files: list[_File], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partial = [transfers.partial_path(folder / file.name, file.digest) for file in files]
    present = sum(path.stat().st_size for path in partial if path.exists())
    needed, free = sum(file.size for file in files) - present, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder}: the download needs {needed / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free. Free some "
            "space and rerun the same command."
        )


def _download(repository: Repository, commit: str, file: _File, path: Path) -> None:
    logging.info("%s: %.1f MB of %s", file.name, file.size / 1e6, repository)
    url = hf_hub_url(repository.name, file.name, repo_type=repository.kind, revision=commit)
    transfers.download(url, path, file.digest, file.size, build_hf_headers())
