"""Finds the files of the library: makes it importable here, and lists the modules that a script depends on."""

import ast
import functools
import os
import sys

from snakemake.exceptions import WorkflowError

PACKAGE = "gradual_learning"
RERUNS_NOTHING = f"{PACKAGE}/jobs/"  # cannot change a number: its modules are no inputs


def plain_path(path, place):
    """Return a path that Snakemake takes as it is, without its marks of wildcards and of pathvars."""
    if found := sorted(set("{}<>") & set(path)):
        raise WorkflowError(f"{place}: Snakemake gives {' '.join(found)} in {path!r} another meaning; rename the path")
    return path


plain_path(workflow.current_basedir.get_path_or_uri(secret_free=True), "the folder of the workflow")


@functools.cache
def source_file(relative):
    """Return the path of a file below workflow_scripts/, cached where the workflow is remote, or None without one."""
    try:
        cached = workflow.source_path(f"../../workflow_scripts/{relative}")
    except (OSError, WorkflowError):
        return None
    original = cached.flags["sourcecache_entry"]
    return local(os.path.relpath(original)) if os.path.isfile(original) else cached


def module_file(name):
    """Return the file of a module below workflow_scripts/, or None where the name is not that of a module."""
    path = name.replace(".", "/")
    return next((file for file in (f"{path}.py", f"{path}/__init__.py") if source_file(file)), None)


def imported_names(tree):
    """List every dotted name that the import statements of a module may refer to."""
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
    """List the library files that one file imports directly, including the packages that contain them."""
    with open(source_file(file), encoding="utf-8") as handle:
        names = {name for name in imported_names(ast.parse(handle.read())) if name.split(".")[0] == PACKAGE}
    return sorted({module_file(part) for name in names for part in packages(name)} - {None})


def packages(name):
    """List a dotted name and the packages above it."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def closure(files):
    """List files and all library files that they import, directly or not."""
    found, waiting = set(), list(files)
    while waiting:
        found.add(file := waiting.pop())
        waiting += set(imports(file)) - found
    return sorted(found)


@functools.cache
def code_inputs(script, *modules):
    """List the modules that a script depends on, as inputs of its rule.

    An edited module then reruns what depends on it and nothing else; Snakemake itself watches only the script. What a
    script imports by a computed name is given as ``modules``.
    """
    if source_file(f"{script}.py") is None:
        raise WorkflowError(f"there is no workflow_scripts/{script}.py")
    roots = {module_file(part) for module in modules for part in packages(f"{PACKAGE}.{module}")}
    files = closure([f"{script}.py", *roots])
    paths = {file: source_file(file) for file in files}  # caches all of them where the workflow is remote
    return [path for file, path in paths.items() if file != f"{script}.py" and not file.startswith(RERUNS_NOTHING)]


def import_library(*modules):
    """Make modules of the library importable here."""
    paths = {file: source_file(file) for file in closure(module_file(f"{PACKAGE}.{module}") for module in modules)}
    root = os.path.dirname(os.path.dirname(os.path.abspath(paths[f"{PACKAGE}/__init__.py"])))
    if root not in sys.path:
        sys.path.insert(0, root)


import_library("configuration.check", "configuration.duplicate_keys", "experiment", "report.subjects")
