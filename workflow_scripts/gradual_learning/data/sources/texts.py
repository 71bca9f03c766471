"""Texts exactly as a file contains them: decoded, parsed from JSON, never converted to another type."""

import json
from typing import Any, TypeGuard

from gradual_learning.jobs.errors import UserError


def json_value(content: bytes, place: str, first_line: int = 1, numbers_as_text: bool = False) -> Any:
    """Parse JSON.

    Args:
        content: UTF-8.
        place: the file, for errors.
        first_line: the line of the file on which the content starts.
        numbers_as_text: return numbers as they are written, so that 1.0 becomes "1.0".

    Raises:
        UserError: the content is not UTF-8 or not JSON; the message shows line, column and context.
    """
    text = decoded(content, place, first_line)
    try:
        return _parse(text, numbers_as_text)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        context = line[max(0, error.colno - 61) : error.colno + 60].strip()
        where = f"{place}:{first_line + error.lineno - 1}:{error.colno}"
        raise UserError(f"{where}: broken JSON ({error.msg}) in the line: {context!r}. Fix the line.") from error


def _parse(text: str, numbers_as_text: bool) -> Any:
    if numbers_as_text:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    return json.loads(text)


def decoded(content: bytes, place: str, first_line: int = 1) -> str:
    """Decode UTF-8 that starts on a line of a file, without a byte order mark.

    Raises:
        UserError: the content is not UTF-8; the message names the line.
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
    items = [as_text(item, place) for item in (value if isinstance(value, list) else [value])]
    return [item for item in items if item is not None]


def as_text(value: object, place: str) -> str | None:
    """Return a text, or None for null; a truth value becomes the word true or false.

    Raises:
        UserError: the value is something else.
    """
    if isinstance(value, bool):
        return json.dumps(value)
    if value is None or is_text(value):
        return value
    raise UserError(f"{place} must be a text, got {shown(value)}.")


def is_text(value: object) -> TypeGuard[str]:
    r"""Return whether a value is a text that can be encoded; JSON can escape half a character, as in ``"\ud83d"``."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def shown(value: object) -> str:
    """Return the beginning of a value as JSON, for errors."""
    return json.dumps(value, default=str)[:80]


def json_list(text: str, place: str) -> list[str]:
    """Return the texts of a JSON list.

    Raises:
        UserError: the text is not a JSON list of texts.
    """
    try:
        value = _parse(text, numbers_as_text=True)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, list):
        raise UserError(f'{place} must be a JSON list such as ["Paris", "Lutetia"], got {shown(text)}.')
    return texts(value, place)
