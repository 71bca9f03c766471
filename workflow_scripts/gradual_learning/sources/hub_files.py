"""The files of a data set on the hub, as the download puts them in a folder or as a user copied them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from gradual_learning.records import UserError
from gradual_learning.sources import tabular
from gradual_learning.sources.record import Record, split_of
from gradual_learning.sources.texts import as_text


@dataclass(frozen=True)
class Part:
    """One file of a data set: its path, its name within the data set and the split it holds."""

    path: Path
    name: str
    split: str | None

    def rows(self, *columns: str) -> Iterator[tuple[str, int, dict]]:
        """Yield for every row its place (for errors), its number and its values."""
        for number, row in tabular.rows(self.path, columns):
            yield f"{self.path}:{number}", number, row

    def record(
        self,
        source: str,
        number: int,
        row: dict,
        answers: list[str],
        relation: str | None = None,
        subject: str | None = None,
    ) -> Record:
        """Make the record of a row; without a relation it gets that of its source."""
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
        path: one such file, or a folder that holds them, at any depth.
        patterns: how their names within the data set look, as in ``data/*.parquet``.
        splits: of each split that a file's name may tell, the one it is used as; files of others are left out. Without
            it no split is told.

    Raises:
        UserError: the path is missing, holds no such file, or a name tells no split.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder; see data.path.")
    found = {path.name: path} if path.is_file() else _below(path, patterns)
    if not found:
        raise UserError(f"{path}: holds no file {' or '.join(patterns)}; is it the data set that data.source names?")
    if splits is None:
        return [Part(found[name], name, None) for name in sorted(found)]
    told = {name: split_of(name) for name in sorted(found)}
    unclear = [name for name, split in told.items() if split is None]
    if unclear:
        raise UserError(f"{path}: the name {unclear[0]} tells no split; put train, validation or test in it.")
    return [Part(found[name], name, splits[split]) for name, split in told.items() if split in splits]


def _below(folder: Path, patterns: tuple[str, ...]) -> dict[str, Path]:
    """Find files by their whole path, as the folder may be a part of the data set; hidden ones are the client's own."""
    found = {item.relative_to(folder).as_posix(): item for item in folder.rglob("*") if item.is_file()}
    return {
        name: item
        for name, item in found.items()
        if not any(part.startswith(".") for part in name.split("/"))
        and any(fnmatch(item.absolute().as_posix(), f"*/{pattern}") for pattern in patterns)
    }
