"""Checks the configuration, fills in its defaults and finds the modules that a script imports."""

import ast
import contextlib
import copy
import difflib
import functools
import itertools
import json
import operator
import os
import shutil

import jsonschema
import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

SCHEMA = yaml.safe_load(open(workflow.source_path("schemas/config.schema.yaml"), encoding="utf-8"))
DRAFT = jsonschema.Draft202012Validator
INTEGERS = DRAFT.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
Strict = jsonschema.validators.extend(DRAFT, type_checker=INTEGERS)  # 3.0 is no integer: it cannot count anything
WORDS = {"True": "true", "False": "false", "None": "null"}  # as Python writes them


def dotted(path):
    """Write the place of a value as people do: stages.gradual.replay, seeds[1]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the configuration"


def leaves(schema, path=()):
    """List the paths of all values that a configuration may hold."""
    for key, part in schema.get("properties", {}).items():
        yield from leaves(part, (*path, key)) if part.get("properties") else [(*path, key)]


def unknown_key(key, path, schema):
    """Say that a key is unknown and which was meant: a near one beside it, else a near one elsewhere."""
    place = dotted((*path, key))
    beside = difflib.get_close_matches(str(key), list(schema["properties"]), n=1)
    meant = [dotted((*path, name)) for name in beside]
    if not meant:
        names = difflib.get_close_matches(str(key), {leaf[-1] for leaf in leaves(SCHEMA)}, n=1)
        meant = [dotted(leaf) for leaf in leaves(SCHEMA) if leaf[-1] in names]
    if meant:
        return f"key `{place}` is unknown, did you mean {' or '.join(f'`{name}`' for name in meant)}?"
    return f"key `{place}` is unknown; keys here: {', '.join(schema['properties'])}"


def read_texts(settings):
    """Turn texts into the numbers and truth values that belong in their place, in place.

    Values inside a mapping or list given by --config arrive as text, and YAML takes 5e-3 for a text.
    """
    for error in [*Strict(SCHEMA).iter_errors(settings)]:
        if error.validator == "type" and isinstance(error.instance, str):
            *above, last = error.absolute_path
            with contextlib.suppress(ValueError):
                value = json.loads(WORDS.get(error.instance, error.instance))
                if Strict({"type": error.validator_value}).is_valid(value):
                    functools.reduce(operator.getitem, above, settings)[last] = value


def explain(error):
    """Turn one finding of the schema into (path to drop, message) pairs."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        for key in error.instance:
            if key not in error.schema["properties"]:
                yield (*path, key), unknown_key(key, path, error.schema)
    elif error.validator == "pattern":
        named = (*path, error.instance) if "propertyNames" in error.absolute_schema_path else path
        yield named, f"`{dotted(path)}`: {error.instance!r} will not do: {error.schema['expected']}"
    elif error.validator == "enum":
        known = [str(value) for value in error.validator_value]
        yield path, f"`{dotted(path)}` is {error.instance!r}; {suggestion(error.instance, known)}"
    else:
        yield path, f"`{dotted(path)}`: {error.message}"


def drop(settings, path):
    """Remove the value at a path (the whole list, where it is in one), so that the rest can be checked."""
    names = list(itertools.takewhile(lambda part: isinstance(part, str), path))
    for name in names[:-1]:
        settings = settings.get(name, {})
    if names:
        settings.pop(names[-1], None)


def removed(settings, section):
    """Drop the entries of a section that are set to null, in place, and return their names."""
    entries = settings.get(section)
    names = {name for name, value in entries.items() if value in (None, "null")} if isinstance(entries, dict) else set()
    for name in names:
        del entries[name]
    return names


def check_config():
    """Check the configuration against the schema and across its keys, report all faults at once, fill in defaults."""
    removed(config, "stages")
    gone = removed(config, "strategies")
    read_texts(config)
    sound = copy.deepcopy(config)
    faults = []
    for error in Strict(SCHEMA).iter_errors(config):
        for path, message in explain(error):
            faults.append(message)
            drop(sound, path)
    validate(sound, "schemas/config.schema.yaml")
    sound["comparisons"] = [pair for pair in sound["comparisons"] if not gone & set(pair)]
    faults += cross_faults(sound)
    if faults:
        raise WorkflowError("the configuration has {} fault(s):\n  - {}".format(len(faults), "\n  - ".join(faults)))
    config.update(sound)


def source(relative):
    """Return the path of a file of workflow_scripts/ (a copy of it, where the workflow is not local), or None."""
    try:
        cached = workflow.source_path(f"../workflow_scripts/{relative}")
    except (OSError, WorkflowError):
        return None
    original = cached.flags["sourcecache_entry"]
    return local(os.path.relpath(original)) if os.path.isfile(original) else cached


def module_file(name):
    """Return the file of a module of the library below workflow_scripts/, or None where there is no such module."""
    path = name.replace(".", os.sep)
    return next((file for file in (f"{path}.py", os.path.join(path, "__init__.py")) if source(file)), None)


def imported_names(tree):
    """List every dotted name that the library might be asked for by the import statements of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise WorkflowError("import modules of the library by their full name, not relative to the package")
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def imports(file):
    """List the library's files that one file imports itself, packages on the way included."""
    with open(source(file), encoding="utf-8") as handle:
        names = {name for name in imported_names(ast.parse(handle.read())) if name.split(".")[0] == "gradual_learning"}
    parents = {".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)}
    return sorted({module_file(name) for name in parents} - {None})


@functools.cache
def library(script):
    """List the modules that a script imports, directly or not: a rule that runs it has them as input.

    An edited module then runs again what uses it and nothing else; Snakemake itself watches the script alone.
    """
    if source(f"{script}.py") is None:
        raise WorkflowError(f"there is no workflow_scripts/{script}.py")
    found, waiting = set(), [f"{script}.py"]
    while waiting:
        new = set(imports(waiting.pop())) - found
        found |= new
        waiting += new
    return [source(file) for file in sorted(found)]


def recorded(name, value):
    """Return a function of the wildcards that writes a param with its name."""
    return lambda wildcards: f"{name}={(value(wildcards) if callable(value) else value)!r}"


def named(**params):
    """Return the params of a rule, and each once more as a text that holds its name.

    Snakemake 9.27 tells whether params have changed from the set of their values, without the names: of a seed that
    changes from 0 to 1, beside another 0 and another 1, it sees nothing (persistence.params_changed).
    """
    return params | {f"recorded_{name}": recorded(name, value) for name, value in params.items()}


RESULTS = workflow.pathvars.apply("<results>")


def clear_working_folders():
    """Remove what jobs keep beside their outputs, of those whose outputs are there; others may have to go on."""
    for folder, names, files in os.walk(RESULTS):
        for name in [name for name in names if name.startswith(".") and name.endswith(".scratch")]:
            names.remove(name)
            if name[1:].removesuffix(".scratch") in (*names, *files):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


check_config()
