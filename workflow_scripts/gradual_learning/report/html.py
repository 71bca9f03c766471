"""HTML pages of the report: self-contained, so that each opens on its own, and accessible to screen readers."""

import base64
import re
from html import escape
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

MAX_OPEN_ROWS = 40  # a longer table is folded
STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #222; background: #fff; }
main { max-width: 68rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
p, li { max-width: 46rem; } code, pre { font-family: "DejaVu Sans Mono", monospace; font-size: 0.88em; }
blockquote { margin: 1rem 0; padding: 0.1rem 1.2rem; border-left: 4px solid #005a92; background: #f2f7fb; }
pre { background: #f5f5f5; padding: 1rem; overflow: auto; max-height: 30rem; }
figure { margin: 1.5rem 0; } figure img { width: 100%; height: auto; } summary { cursor: pointer; margin: 1rem 0; }
.table { overflow: auto; max-height: 36rem; margin: 1rem 0; } table { border-collapse: collapse; font-size: 0.88rem; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.3rem; }
th, td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
thead th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #555; }
td { font-variant-numeric: tabular-nums; }
a { color: #005a92; } :focus-visible { outline: 3px solid #005a92; }
"""


def page(title: str, *parts: str) -> str:
    """Build a page with a heading from parts in HTML; empty parts are left out."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join([f"<h1>{escape(title)}</h1>", *filter(None, parts)])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>{head}{view}</head>\n<body><main>\n{body}\n</main></body>\n</html>\n'
    )


def from_markdown(markdown: str) -> str:
    """Convert Markdown with tables to HTML; HTML in it is escaped."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)


def without_markup(markdown: str) -> str:
    """Return the text of Markdown that has no markup but code and escaped punctuation."""
    return re.sub(r"\\([!-/:-@\[-`{-~])|`", lambda match: match[1] or "", markdown)


def figure(svg: str, alternative: str) -> str:
    """Embed a figure (SVG file) with its text alternative."""
    image = f'<img src="{_data_uri(svg, "image/svg+xml")}" alt="{escape(without_markup(alternative))}">'
    return f"<figure>{image}</figure>"


def table(path: str, frame: pd.DataFrame) -> str:
    """Show a table, folded where it is long, with a link that saves its file (TSV)."""
    name = Path(path).name
    rows = frame.to_html(index=False, na_rep="", border=0, float_format="{:.4g}".format, escape=True)
    rows = rows.replace("<th>", '<th scope="col">').replace("<thead>", f"<caption>{name}</caption>\n<thead>")
    rows = rows.replace(' style="text-align: right;"', "")
    shown = f'<div class="table" tabindex="0" role="region" aria-label="{name}">{rows}</div>'
    if len(frame) > MAX_OPEN_ROWS:
        shown = f"<details><summary>{name}, {len(frame):,} rows</summary>{shown}</details>"
    link = f'<p><a download="{name}" href="{_data_uri(path, "text/tab-separated-values")}">Save {name}</a></p>'
    return f"<h2>Table</h2>\n{shown}\n{link}"


def preformatted(content: str) -> str:
    """Show a text verbatim."""
    return f'<pre tabindex="0">{escape(content)}</pre>'


def _data_uri(path: str, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(Path(path).read_bytes()).decode()}"
