"""Pages hold the finding, the figure, the caption and the table of their subject."""

import pandas as pd

import example_tables
import write_pages
from example_tables import FEW, SWEEP
from gradual_learning.report.subjects import SUBJECTS
from gradual_learning.tables.files import write_tsv


def example(strategy, kind):
    answers = {"category": "Unknown", "p_greedy": 0.5, "zero_shot": "Ann"}
    row = {f"{name}_{when}": value for name, value in answers.items() for when in ("before", "after")}
    return row | {"strategy": strategy, "kind": kind, "split": "train", "question": "Who?", "accepted": "Ann"}


def test_pages_are_written_with_what_their_subject_has(tmp_path):
    tables = {
        "accuracy": example_tables.accuracy(FEW),
        "forgetting": example_tables.forgetting(FEW),
        "examples": pd.DataFrame([example("two_stage", "upgraded")]),
    }
    for name, table in tables.items():
        write_tsv(table, tmp_path / f"{name}.tsv")
    for name in ("accuracy", "replay"):
        (tmp_path / f"{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    write_pages.main(
        subjects=["accuracy", "replay", "examples"],
        tables=[str(tmp_path / f"{name}.tsv") for name in tables],
        figures=[str(tmp_path / f"{name}.svg") for name in ("accuracy", "replay")],
        output=str(tmp_path / "pages"),
        confidence_level=0.9,
        sweep=SWEEP,
    )
    pages = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("pages/*.html")}
    captions = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("pages/*.rst")}
    assert pages.keys() == captions.keys() == {"accuracy", "replay", "examples"}
    assert all(f"<h1>{SUBJECTS[name].title}</h1>" in page for name, page in pages.items())
    assert [
        ("<img" in pages[name], "<h2>Table</h2>" in pages[name]) for name in ("accuracy", "replay", "examples")
    ] == [
        (True, True),
        (True, False),
        (False, True),
    ]
    assert "Intervals cover 90 %" in pages["accuracy"] and "Intervals cover 90 %" in captions["accuracy"]
    assert "replay ratio of 0.2" in captions["replay"] and "Who?" in pages["examples"]
    assert r"two\_stage has the" in captions["accuracy"] or r"one\_stage has the" in captions["accuracy"]
