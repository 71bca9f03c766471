"""What the fuzz tests share: changed files, a limit of time, and the property that every input is read or refused."""

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.time_limit import time_limit

SECONDS = 20  # in which a file of a few kilobytes must be read or refused; most take milliseconds
KEY = re.compile(r"`?\b(data|model|knowledge|training|stages|world)\.[a-z_]+")  # a key of the configuration
EDGES = [
    b"",
    b"\0",
    b"\xff",
    b"\xff" * 8,
    b"\0" * 8,
    b"\x80",
    b"\x7f\xff\xff\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\r\n",
]
Edit = tuple[str, int, int, bytes]  # what to do, the place, how many bytes, and the bytes that come in


def limited(seconds: float = SECONDS) -> AbstractContextManager[None]:
    """Raise TimeoutError in the block when it takes longer."""
    return time_limit(seconds, TimeoutError(f"not finished after {seconds} seconds"))


def is_read(call: Callable[[], object], *names: str | Path) -> bool:
    """Return whether a call succeeds; if it is refused, the message must contain a name or a configuration key.

    Any other exception, and a call that takes too long, fails the test.
    """
    try:
        with limited():
            call()
    except UserError as error:
        message = str(error)
        assert KEY.search(message) or any(str(name) in message for name in names), f"names nothing: {message}"
        return False
    return True


def changed(originals: Sequence[bytes], tokens: Sequence[bytes] = ()) -> SearchStrategy[bytes]:
    """Return a strategy for files that differ from one of the originals in up to six places.

    Args:
        originals: valid files.
        tokens: what has a meaning in the format.
    """
    pieces = st.one_of(st.sampled_from([*EDGES, *tokens]), st.binary(max_size=8))
    places = st.one_of(st.integers(0, 1 << 20), st.integers(-64, -1))  # many formats have a table at their end
    kinds = st.sampled_from(("replace", "insert", "delete", "repeat", "cut"))
    edits = st.lists(st.tuples(kinds, places, st.integers(0, 64), pieces), min_size=1, max_size=6)
    return st.builds(_edited, st.sampled_from(list(originals)), edits)


def _edited(content: bytes, edits: list[Edit]) -> bytes:
    for kind, place, size, piece in edits:
        start = place % (len(content) + 1)
        rest = content[start:]
        match kind:
            case "replace":
                rest = piece + rest[len(piece) :]
            case "insert":
                rest = piece + rest
            case "delete":
                rest = rest[size:]
            case "repeat":
                rest = rest[:size] * 2 + rest[size:]
            case "cut":
                rest = b""
        content = content[:start] + rest
    return content


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [0, 1, -1, 10**30, 1e308, "", "null", "1e-3", "{question}", "../x", [], {}, [[]], [None], {"a": 1}]
    ),
)


def changed_json(original: Any, values: SearchStrategy = ANYTHING) -> SearchStrategy[Any]:
    """Return a strategy for structures of JSON in which up to three values are changed, moved or missing.

    Args:
        original: the structure.
        values: what comes in the place of a value; by default anything.
    """
    edits = st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from(("set", "move", "remove")), values), max_size=3)
    return st.builds(lambda found: _rewritten(original, found), edits)


def _rewritten(original: Any, edits: list[tuple[int, str, Any]]) -> Any:
    value = copy.deepcopy(original)
    for number, kind, other in edits:
        places = list(_places(value))
        if not places:
            continue
        holder, key = places[number % len(places)]
        match kind:
            case "set":
                holder[key] = copy.deepcopy(other)  # a later edit may change it
            case "move":
                from_holder, from_key = places[number // 2 % len(places)]
                holder[key] = copy.deepcopy(from_holder[from_key])
            case "remove":
                del holder[key]
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every mapping or list in a structure with each of its keys."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else [])
    for key, inner in items:
        yield value, key
        yield from _places(inner)
