"""The files of a data set on the hub, as they were downloaded to a folder or copied by the user."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from gradual_learning.data.sources import tabular
from gradual_learning.data.sources.record import Record, split_of
from gradual_learning.data.sources.texts import as_text
from gradual_learning.jobs.errors import UserError


@dataclass(frozen=True)
class Part:
    """A file of a data set: its path, its name within the data set, and the split that it contains."""

    path: Path
    name: str
    split: str | None

    def rows(self, *columns: str) -> Iterator[tuple[str, int, tabular.Row]]:
        """Yield the place (for errors), the number and the values of every row."""
        for number, row in tabular.rows(self.path, columns):
            yield f"{self.path}:{number}", number, row

    def record(
        self,
        source: str,
        number: int,
        row: tabular.Row,
        answers: list[str],
        relation: str | None = None,
        subject: str | None = None,
    ) -> Record:
        """Return the record of a row; without a relation, the name of the source is the relation."""
        return Record(
            question=as_text(row["question"], f"{self.path}:{number}: question") or "",
            answers=answers,
            relation=relation or source,
            subject=subject,
            split=self.split,
            source=source,
            file=self.name,
            row=number,
        )


def parts(path: str | Path, patterns: tuple[str, ...], splits: Mapping[str, str] | None = None) -> list[Part]:
    """List the files of a data set, sorted by name.

    Args:
        path: one file, or a folder that contains the files at any depth.
        patterns: of the names within the data set, for example ``data/*.parquet``.
        splits: maps the split in the name of a file to the split that it is used as; files of other splits are left
            out. None for a data set without splits.

    Raises:
        UserError: the path is missing or contains no such file, or the name of a file contains no split.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder; see data.path.")
    files = {path.name: path} if path.is_file() else _find(path, patterns)
    if not files:
        raise UserError(
            f"{path}: contains no file {' or '.join(patterns)}; check that it is the data set that data.source names."
        )
    if splits is None:
        return [Part(files[name], name, None) for name in sorted(files)]
    return [Part(files[name], name, splits[split]) for name, split in _splits(path, files).items() if split in splits]


def _splits(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the split in the name of each file."""
    splits = {}
    for name in sorted(names):
        split = split_of(name)
        if split is None:
            raise UserError(f"{path}: the file name {name} contains no split; add train, validation or test to it.")
        splits[name] = split
    return splits


def _find(folder: Path, patterns: tuple[str, ...]) -> dict[str, Path]:
    """Find files by absolute path, as the folder may be only a part of the data set; hidden files are the client's."""
    files = {item.relative_to(folder).as_posix(): item for item in folder.rglob("*") if item.is_file()}
    return {
        name: item
        for name, item in files.items()
        if not any(part.startswith(".") for part in name.split("/"))
        and any(fnmatch(item.absolute().as_posix(), f"*/{pattern}") for pattern in patterns)
    }
