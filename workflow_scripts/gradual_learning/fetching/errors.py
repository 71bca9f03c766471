"""What the hub's client and the network raise, in words for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from gradual_learning.records import UserError

OFFLINE = "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set"
_KEPT = "What has come is kept: give the same command again, and it goes on from there."
_TOKEN = "log in with `hf auth login` or set HF_TOKEN"


@dataclass(frozen=True)
class Repository:
    """A model or a data set on the hub, and the keys of the configuration that name it."""

    kind: str  # model or dataset
    name: str
    revision: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.revision})"

    @property
    def name_key(self) -> str:
        """The key that names the repository."""
        return "model.name" if self.kind == "model" else "data.source"

    @property
    def revision_key(self) -> str:
        """The key that names the revision."""
        return "model.revision" if self.kind == "model" else "data.revision"

    @property
    def address(self) -> str:
        """Its page on the hub."""
        return f"{constants.ENDPOINT}/{'' if self.kind == 'model' else 'datasets/'}{self.name}"

    @property
    def instead(self) -> str:
        """What to do where the hub cannot be reached."""
        local = "model.source: local and model.path" if self.kind == "model" else "data.path"
        return f"Without a network here, fetch it elsewhere and set {local}."


@contextmanager
def explain(repository: Repository) -> Iterator[None]:
    """Turn every error of the hub and of the network within the block into a message that names key and remedy."""
    try:
        yield
    except (httpx2.HTTPError, HFValidationError, LocalEntryNotFoundError, JSONDecodeError) as error:
        raise UserError(_of_repository(error, repository)) from error


@contextmanager
def explain_address(address: str) -> Iterator[None]:
    """Do what :func:`explain` does for a plain file of the web."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise UserError(f"data.address: the server answers {status} for {address}. Set data.path to a copy.") from error
    except httpx2.HTTPError as error:
        raise UserError(f"data.address: {address} cannot be had: {_short(error)}. {_KEPT}") from error


def _of_repository(error: Exception, repository: Repository) -> str:
    name, key, page = repository.name, repository.name_key, repository.address
    match error:
        case HFValidationError():
            return f"{key}: {name!r} is no name of a repository. Write it as on the hub, for example Qwen/Qwen2-7B."
        case LocalEntryNotFoundError():
            return f"{OFFLINE}, and the hub's cache of this machine does not hold {repository}. Unset it to fetch."
        case GatedRepoError():
            return f"{key}: access to {name} is granted on request. Ask for it on {page}, then {_TOKEN}."
        case RepositoryNotFoundError():
            known = f"the hub has no {repository.kind} {name}, or a token is needed to see it"
            return f"{key}: {known}. Check the name; for a private one {_TOKEN}."
        case RevisionNotFoundError():
            return f"{repository.revision_key}: {name} has no revision {repository.revision}. See {page}/tree/main."
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            return f"{key}: the hub refuses the token in use for {name}. Check HF_TOKEN, or {_TOKEN}."
        case HfHubHTTPError():
            return f"{key}: the hub answers {error.response.status_code} for {repository}. {_KEPT}"
    return f"{key}: {repository} cannot be had from {constants.ENDPOINT}: {_short(error)}. {_KEPT} {repository.instead}"


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(". ")
