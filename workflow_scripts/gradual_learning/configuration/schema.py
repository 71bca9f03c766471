"""Checks a configuration against its schema: converts texts to values and explains every fault in plain words.

Standard library and jsonschema only: the rules import this module while Snakemake parses them.
"""

import contextlib
import datetime
import difflib
import functools
import itertools
import json
import operator
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from gradual_learning.configuration.renamed_keys import RENAMED
from gradual_learning.jobs.errors import nearest

Settings = dict[str, Any]
Schema = Mapping[str, Any]
Path = tuple[str | int, ...]  # of a value: keys of mappings and places in lists

_DRAFT = jsonschema.Draft202012Validator
_INTEGERS = _DRAFT.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
_Validator = jsonschema.validators.extend(_DRAFT, type_checker=_INTEGERS)  # the draft itself accepts 3.0 as an integer
_QUOTED = "put it into quotes: YAML reads words such as NO and on as truth values, and 2024-01-01 as a date"
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


def dotted(path: Path) -> str:
    """Write the path of a value as users do, for example ``stages.gradual.replay`` or ``seeds[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "the configuration"


def coerce_texts(settings: Settings, schema: Schema) -> None:
    """Convert, in place, texts to the numbers and truth values that the schema expects.

    Values inside a mapping or a list given by ``--config`` arrive as text, and YAML reads ``5e-3`` as text.
    """
    for error in list(_Validator(schema).iter_errors(settings)):
        if error.validator == "type" and isinstance(error.instance, str):
            *parents, last = error.absolute_path
            with contextlib.suppress(ValueError):
                value = json.loads(_PYTHON_WORDS.get(error.instance, error.instance))
                if _Validator({"type": error.validator_value}).is_valid(value):
                    functools.reduce(operator.getitem, parents, settings)[last] = value


def drop_unquoted_keys(settings: dict[Any, Any], path: Path = ()) -> Iterator[str]:
    """Remove, in place, the keys that YAML has not read as texts, at any depth, and yield an explanation of each."""
    for key, value in list(settings.items()):
        if not isinstance(key, str):
            del settings[key]
            yield f"`{dotted(path)}`: the key {key} is not a text; {_QUOTED}"
        elif isinstance(value, dict):
            yield from drop_unquoted_keys(value, (*path, key))


def schema_faults(settings: Settings, schema: Schema) -> Iterator[tuple[Path, str]]:
    """Yield the path and an explanation of every value that violates the schema."""
    for error in _Validator(schema).iter_errors(settings):
        yield from _explained(error, schema)


def drop(settings: Settings, path: Path) -> None:
    """Remove the value at a path, in place, or the whole list that contains it."""
    *parents, last = itertools.takewhile(lambda part: isinstance(part, str), path) if path else [""]
    section: Any = settings
    for name in parents:
        section = section.get(name, {})
    section.pop(last, None)


def _explained(error: jsonschema.ValidationError, schema: Schema) -> Iterator[tuple[Path, str]]:
    """Yield the path and the explanation of one violation; one per unknown key."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        unknown = [key for key in error.instance if key not in error.schema["properties"]]
        yield from (((*path, key), _unknown_key((*path, key), error.schema["properties"], schema)) for key in unknown)
    elif error.validator == "pattern":
        place = (*path, error.instance) if "propertyNames" in error.absolute_schema_path else path
        yield place, f"`{dotted(path)}`: {error.instance!r} is invalid: {error.schema['expected']}"
    elif error.validator == "enum":
        known = [str(value) for value in error.validator_value]
        yield path, f"`{dotted(path)}` is {error.instance!r}; {nearest(str(error.instance), known)}"
    elif error.validator == "type" and "string" in error.validator_value and _is_unquoted(error.instance):
        yield path, f"`{dotted(path)}`: {error.instance} is not a text; {_QUOTED}"
    else:
        yield path, f"`{dotted(path)}`: {error.message}"


def _is_unquoted(value: object) -> bool:
    """Return whether a value was a word in a YAML file that quotes would have kept a text."""
    return value is None or isinstance(value, bool | int | float | datetime.date)


def _unknown_key(path: Path, siblings: Mapping[str, Any], schema: Schema) -> str:
    """Explain an unknown key, with the key that was probably meant: a similar one here, or else elsewhere."""
    *parents, key = path
    place = dotted(path)
    similar = difflib.get_close_matches(str(key), list(siblings), n=1)
    meant = [dotted((*parents, name)) for name in similar] or _elsewhere(str(key), schema)
    if meant:
        return f"key `{place}` is unknown, did you mean {' or '.join(f'`{name}`' for name in meant)}?"
    return f"key `{place}` is unknown; keys here: {', '.join(siblings)}"


def _elsewhere(key: str, schema: Schema) -> list[str]:
    """List the dotted keys, anywhere in the schema, whose last part is most similar to a key; old names count too."""
    places: dict[str, list[str]] = {}
    for leaf in _leaves(schema):
        places.setdefault(leaf[-1], []).append(dotted(leaf))
    for old, new in RENAMED.items():
        if "*" not in old:
            places.setdefault(old.rpartition(".")[2], []).append(new)
    similar = difflib.get_close_matches(key, places, n=1)
    return [place for name in similar for place in places[name]]


def _leaves(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all values with a fixed name."""
    for key, part in schema.get("properties", {}).items():
        if part.get("properties"):
            yield from _leaves(part, (*path, key))
        else:
            yield (*path, key)
