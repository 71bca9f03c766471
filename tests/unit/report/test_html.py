"""Pages stand alone, escape what they show and are accessible."""

import pandas as pd
import pytest

from gradual_learning.report import html
from gradual_learning.tables.files import write_tsv
from write_pages import to_restructured_text


def test_a_page_stands_alone_and_is_accessible(tmp_path):
    (tmp_path / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    frame = pd.DataFrame({"strategy": ["<b>bold</b>"] * 50, "accuracy": [0.25] * 50})
    write_tsv(frame, tmp_path / "accuracy.tsv")
    figure = html.figure(str(tmp_path / "drawing.svg"), 'A "quoted" & short text')
    table = html.table(str(tmp_path / "accuracy.tsv"), frame)
    page = html.page("Accuracy", html.from_markdown("By `two_stage`, **bold** and <i>raw</i>."), figure, table)
    assert 'alt="A &quot;quoted&quot; &amp; short text"' in page and '<html lang="en">' in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page and "<i>" not in page and "<code>two_stage</code>" in page
    assert "<details>" in page and '<th scope="col">' in page and "<caption>accuracy.tsv</caption>" in page
    assert "http://" not in page and "https://" not in page


def test_a_short_table_is_not_folded(tmp_path):
    frame = pd.DataFrame({"a": [1, 2]})
    write_tsv(frame, tmp_path / "short.tsv")
    assert "<details>" not in html.table(str(tmp_path / "short.tsv"), frame)


def test_a_text_is_shown_verbatim():
    assert html.preformatted("<a> & b") == '<pre tabindex="0">&lt;a&gt; &amp; b</pre>'


@pytest.mark.parametrize("text", ["only_unknown_", "a*b*", "`code`", "|bar|", r"back\slash", "plain"])
def test_restructured_text_shows_what_was_written(text):
    from docutils.core import publish_parts

    body = publish_parts(to_restructured_text(text), writer="html")["body"]
    assert body == f"<p>{text.replace('`', '')}</p>\n"
