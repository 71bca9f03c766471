"""Errors that the user can fix, and suggestions for a misspelled name."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A problem that the user can fix: the message states what is wrong, where, and what to do."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest for an unknown name the most similar known names, or list all of them if none is similar."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"


def in_one_line(error: Exception) -> str:
    """Return the message of another library's error for a message of this project."""
    return " ".join(str(error).split()) or type(error).__name__
