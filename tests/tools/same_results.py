"""Compare the results of two runs of the tiny experiment: what does not depend on how, and how often, a run was cut."""

from collections.abc import Sequence
from pathlib import Path

ROWS = ("accuracy", "categories", "comparisons", "effects", "exposure", "learning_curves")
ROWS += ("recall", "relations", "sharing", "training_data")  # tables in which a row is about one strategy or pair
TABLES = [f"results/tables/{name}.tsv" for name in ROWS]
FILES = ("categories", "evaluation", "training_data")


def assert_has_files_of(results: Path, other: Path, folders: Sequence[str]) -> list[Path]:
    """Check that a run has all files in some folders of another one, except for measured times; return these files."""
    files = [path for name in folders for path in (other / name).rglob("*") if path.is_file() and path.stem != "time"]
    assert {path.relative_to(other).parts[0] for path in files} == set(folders)
    for path in files:
        own = results / path.relative_to(other)
        assert own.is_file() and own.read_bytes() == path.read_bytes(), f"{own} differs from {path}"
    return files


def assert_same_rows(results: Path, whole: Path) -> None:
    """Check that a run of tiny.yaml and fewer.yaml has the rows and files of a run of tiny.yaml alone."""
    for name in ROWS:
        rows, known = (read_lines(folder / f"tables/{name}.tsv") for folder in (results, whole))
        assert rows[0] == known[0] and len(rows) > 2 and set(rows) <= set(known), name
    assert_has_files_of(whole, results, FILES)


def assert_same_results(results: Path, whole: Path) -> None:
    """Check that tables, figures and summary are those of another run, except for measured times."""
    assert len(assert_has_files_of(results, whole, ("tables", "figures"))) > 40
    assert (results / "summary.md").read_bytes() == (whole / "summary.md").read_bytes()


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
