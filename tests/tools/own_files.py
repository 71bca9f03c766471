"""The records of a user's own file of questions, or why it is refused."""

from pathlib import Path
from typing import Any

import pytest

from gradual_learning.data.sources import registry
from gradual_learning.jobs.errors import UserError


def read(path: Path) -> list[dict[str, Any]]:
    """Read all records."""
    return list(registry.read("file", path))


def fault(path: Path) -> str:
    """Return the message with which the file is refused."""
    with pytest.raises(UserError) as caught:
        read(path)
    return str(caught.value)
