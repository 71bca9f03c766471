"""Texts as they are written in a file: decoded, parsed from JSON, never guessed to be anything else."""

import json
from collections.abc import Callable

from gradual_learning.records import UserError

AS_WRITTEN = {"parse_int": str, "parse_float": str, "parse_constant": str}  # of json.loads: 1.0 becomes "1.0"


def json_value(content: bytes, place: str, first_line: int = 1, **hooks: Callable) -> object:
    """Parse a JSON text that begins on ``first_line`` of its file; ``hooks`` are those of ``json.loads``.

    Raises:
        UserError: no UTF-8, or no JSON; line, column and surroundings of the fault are shown.
    """
    text = decoded(content, place, first_line)
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        near = line[max(0, error.colno - 61) : error.colno + 60].strip()
        where = f"{place}:{first_line + error.lineno - 1}:{error.colno}"
        raise UserError(f"{where}: broken JSON ({error.msg}) in the line: {near!r}. Mend the line.") from error


def decoded(content: bytes, place: str, first_line: int = 1) -> str:
    """Return the text of a file, or of a part that begins on ``first_line``; a byte order mark is left out.

    Raises:
        UserError: no UTF-8; the line is named.
    """
    try:
        return content.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first_line + content.count(b"\n", 0, error.start)
        raise UserError(f"{place}:{line}: not UTF-8 text (byte {error.start}); save it as UTF-8.") from error


def texts(value: object, place: str) -> list[str]:
    """Return a text, or a list of texts, as a list without nulls.

    Raises:
        UserError: the value is something else.
    """
    found = [as_text(item, place) for item in (value if isinstance(value, list) else [value])]
    return [item for item in found if item is not None]


def as_text(value: object, place: str) -> str | None:
    """Return a text, or None for null; true and false are the words.

    Raises:
        UserError: the value is something else.
    """
    if isinstance(value, bool):
        return json.dumps(value)
    if value is None or is_text(value):
        return value
    raise UserError(f"{place} must be a text, got {shown(value)}.")


def is_text(value: object) -> bool:
    """Tell whether a value is a text of whole characters: JSON may escape half a one, which no file can hold."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def shown(value: object) -> str:
    """Return a value as JSON, short enough for an error."""
    return json.dumps(value, default=str)[:80]


def json_list(text: str, place: str) -> list[str]:
    """Return the texts of a cell that holds a JSON list.

    Raises:
        UserError: it does not hold one.
    """
    try:
        value = json.loads(text, **AS_WRITTEN)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, list):
        raise UserError(f'{place} must be a JSON list such as ["Paris", "Lutetia"], got {shown(text)}.')
    return texts(value, place)
