"""Texts exactly as a file contains them: decoded, parsed from JSON, never converted to another type."""

import json
from typing import Any, TypeGuard

from gradual_learning.jobs.errors import UserError

BYTE_ORDER_MARK = "\ufeff"


def json_value(content: bytes, place: str, first_line: int = 1, numbers_as_text: bool = False) -> Any:
    """Parse JSON.

    Args:
        content: UTF-8.
        place: the file, for errors.
        first_line: the line of the file on which the content starts.
        numbers_as_text: return numbers as they are written, so that 1.0 becomes "1.0".

    Raises:
        UserError: the content is not UTF-8 or not JSON, an object has a key twice, or a value is NaN or infinite; the
            message shows the line, for broken JSON also column and context.
    """
    text = decoded(content, place, first_line)
    try:
        return _parse(text, numbers_as_text)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        context = line[max(0, error.colno - 61) : error.colno + 60].strip()
        where = f"{place}:{first_line + error.lineno - 1}:{error.colno}"
        raise UserError(f"{where}: broken JSON ({error.msg}) in the line: {context!r}. Fix the line.") from error
    except _UnclearError as error:
        raise UserError(f"{place}:{first_line}: {error}") from error


class _UnclearError(ValueError):
    """JSON that parsers read in different ways."""


def _parse(text: str, numbers_as_text: bool) -> Any:
    number = str if numbers_as_text else None  # None: int and float
    return json.loads(
        text, parse_int=number, parse_float=number, parse_constant=_refuse_constant, object_pairs_hook=_object
    )


def _refuse_constant(name: str) -> None:
    raise _UnclearError(f"{name} is not a JSON value. Put it into quotes if it is a text, or write null.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _UnclearError(f"the key {twice!r} is given twice in a record. Remove one of the two.")
    return found


def decoded(content: bytes, place: str, first_line: int = 1) -> str:
    """Decode UTF-8 that starts on a line of a file, without the byte order mark at the beginning of the file.

    Raises:
        UserError: the content is not UTF-8, or another line starts with a byte order mark; the message names the line.
    """
    try:
        text = content.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first_line + content.count(b"\n", 0, error.start)
        raise UserError(f"{place}:{line}: not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    if text.startswith(BYTE_ORDER_MARK):
        raise UserError(f"{place}:{first_line}: a byte order mark within the file; remove it. Were two files joined?")
    return text


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
    except (json.JSONDecodeError, _UnclearError):
        value = None
    if not isinstance(value, list):
        raise UserError(f'{place} must be a JSON list such as ["Paris", "Lutetia"], got {shown(text)}.')
    return texts(value, place)
