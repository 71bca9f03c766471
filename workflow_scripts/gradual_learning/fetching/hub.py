"""Models and data sets of the hub, and files of the web, each brought into a folder whole.

A file counts as brought when its size and its hash are those that the hub lists; so a second call fetches nothing
twice, and a file that was cut off, changed or damaged is fetched. What the user's own cache of the hub holds is copied
from there.
"""

import fnmatch
import hashlib
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from huggingface_hub import HfApi, hf_hub_url, snapshot_download, try_to_load_from_cache
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers

from gradual_learning import USER_IS_OFFLINE, model_files
from gradual_learning.fetching import transfers
from gradual_learning.fetching.errors import OFFLINE, Repository, explain, explain_address
from gradual_learning.records import UserError, file_digest, whole_file

_TIMEOUT = 60.0  # seconds for a list of files


@dataclass(frozen=True)
class _File:
    name: str
    size: int  # bytes
    digest: str  # sha256, or of a small file on the hub git's sha1
    cached: Path | None  # where the user's own cache of the hub holds it


def fetch_dataset(repository: str, revision: str, patterns: list[str], folder: str | Path) -> dict[str, Any]:
    """Bring files of a data set on the hub into a folder; what is there already is not fetched again.

    Args:
        repository: name of the data set, owner/name.
        revision: branch, tag or commit.
        patterns: which files, as in the shell; `*` stands for folders too.
        folder: keeps the files under their names in the repository, and parts of files between attempts; what fits
            the patterns but belongs to an earlier commit is removed.

    Returns:
        ``commit`` (the revision resolved), ``files`` (name -> bytes) and ``sha256`` (name -> digest).

    Raises:
        UserError: the data set cannot be had; the message says why and what to do.
    """
    data = Repository("dataset", repository, revision)
    with transfers.online(), explain(data):
        commit, files = _list(data)
        wanted = [file for file in files if _fits(file.name, patterns)]
        if not wanted:
            raise UserError(f"{data.name_key}: {data} has no file {' or '.join(patterns)}. Set {data.revision_key}.")
        _remove_others(Path(folder), patterns, {file.name for file in wanted})
        return {"commit": commit, **_bring(data, commit, wanted, Path(folder))}


def fetch_model(name: str, revision: str, folder: str | Path, weights: bool) -> dict[str, Any]:
    """Bring a model on the hub into a folder: configuration, tokenizer, and weights if asked for.

    Args:
        name: name of the model, owner/name.
        revision: branch, tag or commit.
        folder: keeps the files, and parts of files between attempts.
        weights: fetch the weights too.

    Returns:
        ``commit`` (the revision resolved), ``files`` (name -> bytes) and ``sha256`` (name -> digest) of what was
        fetched, and ``weights`` (name -> bytes) of all files of weights, fetched or not.

    Raises:
        UserError: the model cannot be had or has no whole safetensors weights; the message says why and what to do.
    """
    model = Repository("model", name, revision)
    with transfers.online(), explain(model):
        commit, listed = _list(model)
        files, called = {file.name: file for file in listed}, f"{model.name_key}: {model}"
        outline = [files[name] for name in model_files.outline(files, called)]
        brought = _bring(model, commit, outline, Path(folder))
        shards = [files[name] for name in model_files.weights(files, folder, called)]
        if weights:
            brought = _bring(model, commit, outline + shards, Path(folder))
        return {"commit": commit, **brought, "weights": {file.name: file.size for file in shards}}


def fetch_file(address: str, path: str | Path) -> None:
    """Write a file of the web to ``path``, which appears whole or not at all; one that is there is left as it is.

    Raises:
        UserError: the file cannot be had; the message says why and what to do.
    """
    path, stamp = Path(path), hashlib.sha256(address.encode()).hexdigest()
    if not path.exists():
        if USER_IS_OFFLINE:
            raise UserError(f"{OFFLINE}, and {address} is not here. Unset it to fetch, or set data.path to a copy.")
        with transfers.online(), explain_address(address):
            transfers.download(address, path, stamp, None, {"Accept-Encoding": "identity"})


def _list(repository: Repository) -> tuple[str, list[_File]]:
    """Return the commit of a revision and its files; from the user's cache alone where the user is offline."""
    kind, name = repository.kind, repository.name
    if USER_IS_OFFLINE:
        found = snapshot_download(name, repo_type=kind, revision=repository.revision, local_files_only=True)
        paths = [path for path in sorted(Path(found).rglob("*")) if path.is_file()]
        files = [
            _File(path.relative_to(found).as_posix(), path.stat().st_size, file_digest(path), path) for path in paths
        ]
        return Path(found).name, files
    info = transfers.persist(
        lambda: HfApi().repo_info(
            name, repo_type=kind, revision=repository.revision, files_metadata=True, timeout=_TIMEOUT
        )
    )
    return info.sha, [_listed(repository, info.sha, sibling) for sibling in info.siblings]


def _listed(repository: Repository, commit: str, sibling: RepoSibling) -> _File:
    name, digest = sibling.rfilename, sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise UserError(f"{repository.name_key}: {repository} has a file outside its folder, {name}. Do not use it.")
    cached = try_to_load_from_cache(repository.name, name, revision=commit, repo_type=repository.kind)
    return _File(name, sibling.size, digest, Path(cached) if isinstance(cached, str) else None)


def _fits(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _remove_others(folder: Path, patterns: list[str], names: set[str]) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder).as_posix()
        if _fits(name, patterns) and name not in names:
            path.unlink()


def _bring(repository: Repository, commit: str, files: list[_File], folder: Path) -> dict[str, dict[str, Any]]:
    """Bring files into a folder one after another; return their bytes and their sha256 by name."""
    wanted = [file for file in files if not _is_whole(folder / file.name, file)]
    _check_space(wanted, folder)
    for file in wanted:
        path = folder / file.name
        if file.cached:
            _copy(file.cached, path)
        if not _is_whole(path, file):
            _fetch(repository, commit, file, path)
        if not _is_whole(path, file):
            path.unlink()
            raise UserError(
                f"{path.name} of {repository} came damaged. Give the same command again to fetch it afresh."
            )
    return {
        "files": {file.name: file.size for file in files},
        "sha256": {file.name: _sha256(folder / file.name, file) for file in files},
    }


def _copy(source: Path, path: Path) -> None:
    with whole_file(path) as partial:
        shutil.copyfile(source, partial)


def _is_whole(path: Path, file: _File) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if _has_sha256(file):
        return file_digest(path) == file.digest
    return hashlib.sha1(f"blob {file.size}\0".encode() + path.read_bytes()).hexdigest() == file.digest


def _has_sha256(file: _File) -> bool:
    return len(file.digest) == 64


def _sha256(path: Path, file: _File) -> str:
    """Return the sha256 of a whole file; a large one is not read again for it."""
    return file.digest if _has_sha256(file) else file_digest(path)


def _check_space(files: list[_File], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = [transfers.part(folder / file.name, file.digest) for file in files]
    come = sum(part.stat().st_size for part in parts if part.exists())
    needed, free = sum(file.size for file in files) - come, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(f"{folder}: {needed / 1e9:.1f} GB are to come, but only {free / 1e9:.1f} GB are free there.")


def _fetch(repository: Repository, commit: str, file: _File, path: Path) -> None:
    logging.info("%s: %.1f MB of %s", file.name, file.size / 1e6, repository)
    address = hf_hub_url(repository.name, file.name, repo_type=repository.kind, revision=commit)
    transfers.download(address, path, file.digest, file.size, build_hf_headers())
