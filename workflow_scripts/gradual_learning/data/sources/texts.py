"""Texts exactly as a file contains them, decoded or parsed from JSON, and numbers in one notation.

A number gives the same text whatever the format: JSON has 1998, 1998.0 and 1.998e3 for it, Parquet its value alone.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard

from gradual_learning.jobs.errors import UserError

BYTE_ORDER_MARK = "\ufeff"
_QUOTE = "Put it into quotes if it is a text, or write null."
_MAX_ZEROS = 30  # between the point and the digits of a number, more than a person would write


def json_value(content: bytes, place: str, first_line: int = 1, numbers_as_text: bool = False) -> Any:
    """Parse JSON.

    Args:
        content: UTF-8.
        place: the file, for errors.
        first_line: the line of the file on which the content starts.
        numbers_as_text: return numbers as texts, see :func:`number_text`.

    Raises:
        UserError: the content is not UTF-8 or not JSON, an object has a key twice, or a value is NaN, infinite or too
            large to be written out; the message shows the line, for broken JSON also column and context.
    """
    text = decoded(content, place, first_line)
    try:
        return _parse(text, numbers_as_text)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        context = line[max(0, error.colno - 61) : error.colno + 60].strip()
        where = f"{place}:{first_line + error.lineno - 1}:{error.colno}"
        raise UserError(f"{where}: broken JSON ({error.msg}) in the line: {context!r}. Fix the line.") from error
    except UnclearError as error:
        raise UserError(f"{place}:{first_line}: {error}") from error
    except RecursionError as error:
        raise UserError(
            f"{place}:{first_line}: too many brackets within each other; is this a file of questions?"
        ) from error


class UnclearError(ValueError):
    """A value that programs read in different ways, or not at all."""


def number_text(number: str) -> str:
    """Write a number without an exponent and without needless zeros: 1998.0 -> 1998, 1e3 -> 1000, 0.50 -> 0.5, -0 -> 0.

    Raises:
        UnclearError: the number is not finite, or has an exponent that no text would have.
    """
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value:
        return "0"
    if not value.is_finite() or abs(value.adjusted()) > max(_MAX_ZEROS, len(value.as_tuple().digits)):
        raise UnclearError(f"the number {number} cannot be written out as digits. {_QUOTE}")
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _parse(text: str, numbers_as_text: bool) -> Any:
    number = number_text if numbers_as_text else None  # None: int and float
    return json.loads(
        text, parse_int=number, parse_float=number, parse_constant=_refuse_constant, object_pairs_hook=_object
    )


def _refuse_constant(name: str) -> None:
    raise UnclearError(f"{name} is not a JSON value. {_QUOTE}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnclearError(f"the key {twice!r} is given twice in a record. Remove one of the two.")
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
    except UnclearError as error:
        raise UserError(f"{place}: {error}") from error
    except (json.JSONDecodeError, RecursionError):
        value = None
    if not isinstance(value, list):
        raise UserError(f'{place} must be a JSON list such as ["Paris", "Lutetia"], got {shown(text)}.')
    return texts(value, place)
