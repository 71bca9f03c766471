"""Compare the results of two runs of the tiny experiment: what does not depend on how, and how often, a run was cut."""

from pathlib import Path

ROWS = ("accuracy", "categories", "comparisons", "effects", "exposure", "learning_curves")
ROWS += ("recall", "relations", "sharing", "training_data")  # tables in which a row is about one strategy or pair
TABLES = [f"results/tables/{name}.tsv" for name in ROWS]
FILES = ("categories", "evaluation", "training_data")


def assert_same_rows(results: Path, whole: Path) -> None:
    """Check that a run of tiny.yaml and fewer.yaml has the rows and files of a run of tiny.yaml alone."""
    for name in ROWS:
        rows, known = (read_lines(folder / f"tables/{name}.tsv") for folder in (results, whole))
        assert rows[0] == known[0] and len(rows) > 2 and set(rows) <= set(known), name
    files = [path for name in FILES for path in (results / name).rglob("*") if path.is_file()]
    assert {path.relative_to(results).parts[0] for path in files} == set(FILES)
    for path in files:
        assert path.read_bytes() == (whole / path.relative_to(results)).read_bytes(), path


def assert_same_results(results: Path, whole: Path) -> None:
    """Check that tables, figures and summary are those of another run, except for measured times."""
    made = [path for name in ("tables", "figures") for path in (whole / name).iterdir() if path.stem != "time"]
    assert len(made) > 40
    for path in [*made, whole / "summary.md"]:
        assert (results / path.relative_to(whole)).read_bytes() == path.read_bytes(), path.name


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
