import json
import re

import numpy as np
import pandas as pd
import pytest

from gradual_learning.records import CATEGORIES
from gradual_learning.report import captions, making, pages, readings
from write_pages import restructured


def test_accuracy_names_the_best_and_the_worst_strategy():
    rows = [("base", "-", 0.2), ("a", "best", 0.3), ("b", "best", 0.4), ("c", "best", 0.35), ("c", "convergence", 0.9)]
    table = pd.DataFrame(rows, columns=["strategy", "epoch", "accuracy"]).assign(category="Full", questions=3928)
    told = captions.findings("accuracy", {"accuracy": table.assign(low=0.1, high=0.9)})
    assert "3,928 test questions the base model answers 20.0 % [10.0, 90.0]" in told
    assert "`b` answers most, 40.0 %" in told and "`a` least, 30.0 %" in told


def test_what_is_empty_is_told_as_such():
    gain = pd.DataFrame({"split": ["train"], "strategy": ["two"], "relative": [np.nan]})
    assert captions.findings("knowledge_gain", {"knowledge_gain": gain}).startswith("No train question")
    pairs = pd.DataFrame({"category": [], "difference": []})
    assert captions.findings("comparisons", {"comparisons": pairs}) == "No pairs are compared."


def test_transitions_tell_what_moved_and_what_moves_by_chance():
    moves = pd.DataFrame([(a, b) for a in CATEGORIES for b in CATEGORIES], columns=["from_category", "to_category"])
    stay = np.where(moves["from_category"] == moves["to_category"], 6, 1)
    parts = [moves.assign(from_checkpoint="base", to_checkpoint=end) for end in ("base (retest)", "first")]
    table = pd.concat([part.assign(split="train", questions=stay + place) for place, part in enumerate(parts)])
    told = captions.findings("transitions", {"transitions": table})
    assert "46.2 % from the base model to `first`" in told
    assert "33.3 % by chance alone" in told
    assert captions.findings("flow", {"transitions": table}) == told


def test_the_replay_sweep_is_told_in_the_order_of_its_ratios():
    frame = pd.DataFrame({"strategy": ["a", "b"], "epoch": "best", "split": "test", "category": "Full"})
    accuracy = frame.assign(accuracy=[0.3, 0.4], low=0.2, high=0.5)
    forgetting = frame.assign(forgotten=[0.1, 0.05], low=0.0, high=0.2)
    sweep = pd.DataFrame({"strategy": ["b", "a"], "ratio": [0.2, 0.0]})
    told = captions.findings("replay", {"accuracy": accuracy, "forgetting": forgetting, "sweep": sweep})
    assert re.findall(r"ratio (\S+), (\S+) %", told) == [("0", "30.0"), ("0.2", "40.0")]


def test_a_subject_without_words_of_its_own_tells_its_size():
    assert captions.findings("other", {"other": pd.DataFrame({"a": range(1234)})}) == "The table has 1,234 rows."


def test_every_subject_that_has_words_says_how_to_read_it():
    assert set(captions.FINDINGS) <= set(readings.READINGS)
    assert "Intervals cover 90 %" in readings.reading("accuracy", 0.9)
    assert not any("{" in readings.reading(subject, 0.95) for subject in readings.READINGS)


@pytest.mark.parametrize("text", ["only_unknown_", "a*b*", "`code`", "|bar|", r"back\slash", "plain"])
def test_restructured_text_shows_what_was_written(text):
    from docutils.core import publish_parts

    body = publish_parts(restructured(text), writer="html")["body"]
    assert body == f"<p>{text.replace('`', '')}</p>\n"


def test_every_stage_is_listed_with_its_formula_and_its_users():
    formula = "train on D; D = {q : C(q) in {MaybeKnown}}; R a random 0.2 |D|"
    rows = [("first", seed, 100 + seed, "all") for seed in (1, 2)] + [
        ("first+second", seed, 50, formula) for seed in (1, 2)
    ]
    table = pd.DataFrame(rows, columns=["checkpoint", "seed", "questions", "formula"])
    listed = making.stages(table, {"one": ["first"], "two": ["first", "second"]})
    html = pages.text(listed)
    assert html.count("<tr>") == 3 and html.count("<td>") == 8
    assert formula in html and "<td><code>one</code> and <code>two</code></td>" in html
    assert "<td>101.5</td>" in html


def test_versions_stand_beside_their_pins(tmp_path):
    (tmp_path / "pins.txt").write_text("# why\nnumpy==0.0.1\nno-such-package==1.0\n", encoding="utf-8")
    told = making.versions(str(tmp_path / "pins.txt"))
    assert f"| numpy | 0.0.1 | {np.__version__} |" in told
    assert "| no-such-package | 1.0 | not in this environment |" in told


def test_a_fetched_model_is_named_with_its_commit(tmp_path):
    facts = {"source": "hub", "name": "a/b", "commit": "c0ffee", "parameters": None, "files": {}}
    (tmp_path / "source.json").write_text(json.dumps(facts), encoding="utf-8")
    told = making.model(str(tmp_path / "source.json"), 1)
    assert "commit: `c0ffee`" in told and "parameters" not in told and "files" not in told
    assert "with seed 7" in making.model(None, 7)


def test_an_example_shows_the_answers_before_and_after():
    pairs = ("category", "p0", "zero_shot")
    row = {f"{name}_{when}": f"{name} {when} | x" for name in pairs for when in ("before", "after")}
    row |= {
        "strategy": "two",
        "kind": "upgraded",
        "split": "train",
        "question": "Who?",
        "accepted": "Ann",
        "trained": None,
    }
    html = pages.examples(pd.DataFrame([row, row | {"question": "Second?"}]))
    assert html.count("<h3>") == 1 and "Who?" in html and "no stage trained on" in html
    assert all(f"<td>{name} {when} | x</td>" in html for name in pairs for when in ("before", "after"))
