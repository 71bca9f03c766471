"""Pages hold the finding, the figure, the caption and the table of their subject."""

import html
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from docutils.core import publish_parts

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
    captions = {path.stem: path.read_text(encoding="utf-8").replace("\\", "") for path in tmp_path.glob("pages/*.rst")}
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
    assert "two_stage has the" in captions["accuracy"] or "one_stage has the" in captions["accuracy"]


HOSTILE = [
    '<script>window.injected = 1</script><img src="x" onerror="window.injected = 1">',
    "![picture](http://127.0.0.1:9/a.png) [link](javascript:alert(1)) <http://127.0.0.1:9> `code` **bold** | cell",
    "\n\n.. raw:: html\n\n   <script>window.injected = 1</script>\n\n.. include:: /etc/passwd\n",
    "# heading\n- item\n\n---\n&lt;b&gt; \\| \\\\ $x$ {{ 7 * 7 }} {% raw %}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_others_are_shown_as_they_are(tmp_path, text):
    row = example("two_stage", "upgraded") | {"question": text, "accepted": text, "zero_shot_before": text}
    relations = {"strategy": "base", "relation": text, "accuracy": 0.5, "low": 0.4, "high": 0.6}
    for name, table in {"examples": row, "relations": relations}.items():
        write_tsv(pd.DataFrame([table]), tmp_path / f"{name}.tsv")
    write_pages.main(
        subjects=["examples", "relations"],
        tables=[str(tmp_path / f"{name}.tsv") for name in ("examples", "relations")],
        figures=[],
        output=str(tmp_path),
        confidence_level=0.95,
        sweep={},
    )
    shown = " ".join(text.split())
    for name in ("examples", "relations"):
        page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        written, found = page.split("<h2>Table</h2>")[0], Found()
        found.feed(page)
        assert found.tags <= TAGS, "a text has become markup"
        assert shown in " ".join(html.unescape(re.sub("<[^>]*>", "", written)).split())
    caption = publish_parts((tmp_path / "relations.rst").read_text(encoding="utf-8"), writer="html")["body"]
    assert re.fullmatch("<p>[^<]*</p>\n", caption) and shown in html.unescape(caption)


TAGS = set("html head meta title style body main h1 h2 h3 p code em table thead tbody tr th td caption div a".split())


class Found(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self):
        super().__init__()
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        assert not [value for key, value in attrs if key.startswith("on") or key == "src"]
        self.tags.add(tag)
