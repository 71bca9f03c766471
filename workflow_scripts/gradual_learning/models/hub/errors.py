"""Errors of the hub's client and of the network as messages for users."""

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

from gradual_learning.jobs.errors import UserError

OFFLINE = "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set"
_RESUMES = "The partial download is kept: rerun the same command to resume it."
_LOG_IN = "log in with `hf auth login` or set HF_TOKEN"


@dataclass(frozen=True)
class Repository:
    """A model or a data set on the hub, and the configuration keys that name it."""

    kind: str  # model or dataset
    name: str
    revision: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.revision})"

    @property
    def name_key(self) -> str:
        """The configuration key of the name."""
        return "model.name" if self.kind == "model" else "data.source"

    @property
    def revision_key(self) -> str:
        """The configuration key of the revision."""
        return "model.revision" if self.kind == "model" else "data.revision"

    @property
    def url(self) -> str:
        """The page of the repository on the hub."""
        return f"{constants.ENDPOINT}/{'' if self.kind == 'model' else 'datasets/'}{self.name}"

    @property
    def local_remedy(self) -> str:
        """What to do on a machine that cannot reach the hub."""
        local = "model.source to local and model.path" if self.kind == "model" else "data.path"
        return f"Without a network, download it on another machine and set {local}."


@contextmanager
def explain(repository: Repository) -> Iterator[None]:
    """Convert errors of the hub and of the network within the block to a UserError with key and remedy."""
    try:
        yield
    except (httpx2.HTTPError, HFValidationError, LocalEntryNotFoundError, JSONDecodeError) as error:
        raise UserError(_message(error, repository)) from error


@contextmanager
def explain_url(url: str) -> Iterator[None]:
    """Like :func:`explain`, for a file on the web."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise UserError(f"data.url: the server returned status {status} for {url}. Set data.path to a copy.") from error
    except httpx2.HTTPError as error:
        raise UserError(f"data.url: cannot download {url}: {_short(error)}. {_RESUMES}") from error


def _message(error: Exception, repository: Repository) -> str:
    name, key, page = repository.name, repository.name_key, repository.url
    match error:
        case HFValidationError():
            return (
                f"{key}: {name!r} is not the name of a repository. Write it as on the hub, for example Qwen/Qwen2-7B."
            )
        case LocalEntryNotFoundError():
            return f"{OFFLINE}, and the hub's cache on this machine does not hold {repository}. Unset it to download."
        case GatedRepoError():
            return f"{key}: {name} is gated. Request access on {page}, then {_LOG_IN}."
        case RepositoryNotFoundError():
            known = f"the hub has no {repository.kind} {name}, or it is private"
            return f"{key}: {known}. Check the name; for a private repository, {_LOG_IN}."
        case RevisionNotFoundError():
            return f"{repository.revision_key}: {name} has no revision {repository.revision}. See {page}/tree/main."
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            return f"{key}: the hub refuses the token in use for {name}. Check HF_TOKEN, or {_LOG_IN}."
        case HfHubHTTPError():
            return f"{key}: the hub returned status {error.response.status_code} for {repository}. {_RESUMES}"
    reason = f"cannot download {repository} from {constants.ENDPOINT}: {_short(error)}"
    return f"{key}: {reason}. {_RESUMES} {repository.local_remedy}"


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(". ")
