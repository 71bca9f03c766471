"""Which modules of the library a file imports, read from its text: nothing is imported to find out."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "gradual_learning"


def packages(name: str) -> list[str]:
    """List a dotted name and the packages above it."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


class Library:
    """The files of the library and of its scripts.

    Args:
        find: returns the path of a file, given relative to the folder of the scripts, or None where there is none.
    """

    def __init__(self, find: Callable[[str], str | None]) -> None:
        self.find = find
        self.imports = cache(self._imports)

    def closure(self, files: Iterable[str], modules: Iterable[str] = ()) -> list[str]:
        """List files, modules of the library (names below the package) and all files that these import.

        Raises:
            ValueError: a file imports by a name relative to its package.
        """
        found: set[str] = set()
        waiting = [*files, *self._module_files(f"{PACKAGE}.{module}" for module in modules)]
        while waiting:
            found.add(file := waiting.pop())
            waiting += self.imports(file) - found
        return sorted(found)

    def _imports(self, file: str) -> set[str]:
        """Return the files that one file imports directly."""
        tree = ast.parse(Path(self.find(file) or file).read_text(encoding="utf-8"))
        names = {name for name in _imported_names(tree) if name.split(".")[0] == PACKAGE}
        return self._module_files(names)

    def _module_files(self, names: Iterable[str]) -> set[str]:
        """Return the files of those names that are modules, and of the packages that contain them."""
        return {found for name in names for part in packages(name) if (found := self._module_file(part))}

    def _module_file(self, name: str) -> str | None:
        """Return the file of a module, or None where the name is not that of a module."""
        path = name.replace(".", "/")
        return next((file for file in (f"{path}.py", f"{path}/__init__.py") if self.find(file)), None)


def _imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield every dotted name that the import statements of a module may refer to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError("import modules of the library by their full name, not relative to the package")
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
