"""The page about how a run was made names its model, sets and versions."""

import json

import numpy as np
import pandas as pd

from gradual_learning.report import html, methods


def test_every_stage_is_listed_with_its_formula_and_its_strategies():
    formula = "train on D; D = {q : C(q) in {MaybeKnown}}; R a random 0.2 |D|"
    rows = [("first", seed, 100 + seed, "all") for seed in (1, 2)]
    rows += [("first+second", seed, 50, formula) for seed in (1, 2)]
    table = pd.DataFrame(rows, columns=["checkpoint", "seed", "questions", "formula"])
    page = html.from_markdown(methods.stages(table, {"one": ["first"], "two": ["first", "second"]}))
    assert page.count("<tr>") == 3 and page.count("<td>") == 8
    assert formula in page and "<td><code>one</code> and <code>two</code></td>" in page
    assert "<td>101.5</td>" in page


def test_versions_stand_next_to_their_pins(tmp_path):
    (tmp_path / "pins.txt").write_text("# why\nnumpy==0.0.1\nno-such-package==1.0\n", encoding="utf-8")
    text = methods.versions((tmp_path / "pins.txt").read_text())
    assert f"| numpy | 0.0.1 | {np.__version__} |" in text
    assert "| no-such-package | 1.0 | not in this environment |" in text


def test_a_fetched_model_is_named_with_its_commit(tmp_path):
    facts = {"source": "hub", "name": "a/b", "commit": "c0ffee", "parameters": None, "files": {}}
    (tmp_path / "source.json").write_text(json.dumps(facts), encoding="utf-8")
    text = methods.model(str(tmp_path / "source.json"), 1)
    assert "commit: `c0ffee`" in text and "parameters" not in text and "files" not in text
    assert "with seed 7" in methods.model(None, 7)


def test_the_frame_of_a_chat_template_is_shown_where_it_was_used(tmp_path):
    facts = {"source": "hub", "name": "a/b", "chat_frame": "<|user|>\n{text}<|model|>\n"}
    (tmp_path / "source.json").write_text(json.dumps(facts), encoding="utf-8")
    assert r'- chat_frame: `"<|user|>\n{text}<|model|>\n"`' in methods.model(str(tmp_path / "source.json"), 1, True)
    assert "chat_frame" not in methods.model(str(tmp_path / "source.json"), 1)


def test_a_converted_model_is_named_with_its_files_and_its_license(tmp_path):
    files = {"wheel": {"file": "a.whl", "sha256": "abc"}, "gguf": {"file": "a.gguf", "quantization": None}}
    facts = {"source": "package", "name": "own", "revision": "0.1.2", "license": "mit", **files}
    (tmp_path / "source.json").write_text(json.dumps(facts), encoding="utf-8")
    lines = methods.model(str(tmp_path / "source.json"), 1).splitlines()
    assert {"- license: `mit`", "- wheel sha256: `abc`", "- gguf file: `a.gguf`"} < set(lines) and len(lines) == 7
