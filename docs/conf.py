"""Settings of the documentation site: ``sphinx-build -W --keep-going -c docs . site`` from the root of the repository.

The pages are plain Markdown with links that work on a code host too, so the source is the whole repository: README.md,
CONTRIBUTING.md and CHANGELOG.md are pages of the site, and a link to any other file downloads it.
"""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

project = "gradual-learning"
author = "gradual-learning contributors"
html_title = project

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "docs/index"
include_patterns = ["docs/**", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "results/README.md"]
exclude_patterns = [".*", "benchmarks", "logs", "resources", "results/[!R]*", "site"]
myst_heading_anchors = 4
html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False

CONTENTS = {
    "Start": ["Quick start </README>", "/docs/method", "/docs/own_data"],
    "Run": [
        "/docs/experiments",
        "/docs/replicates",
        "/docs/planning",
        "/docs/export",
        "/docs/cluster",
        "/docs/configuration",
        "Output files </results/README>",
    ],
    "Results": [
        "/docs/results/default",
        "/docs/results/controls",
        "/docs/results/decomposition",
        "/docs/results/curricula",
        "/docs/results/worlds",
        "/docs/results/entity_questions",
        "/docs/results/entity_questions_smollm2",
        "/docs/results/comparison",
    ],
    "Background": [
        "/docs/architecture",
        "/docs/performance",
        "/docs/reliability",
        "/docs/security",
        "/docs/limitations",
    ],
    "Develop": ["/CONTRIBUTING", "/SECURITY", "/CHANGELOG"],
}
FRONT = '<!doctype html><meta charset="utf-8"><title>{0}</title><meta http-equiv="refresh" content="0; url={1}.html">\n'


def add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Append the table of contents to the first page, which stays plain Markdown in the repository."""
    if docname == root_doc:
        for caption, pages in CONTENTS.items():
            source[0] += "\n\n```{toctree}\n:hidden:\n:caption: " + "\n".join([caption, "", *pages]) + "\n```\n"


def unlink_folders(app: Sphinx, document: nodes.document) -> None:
    """Turn links to folders, which a code host lists and a site does not, into their text."""
    for link in list(document.findall(pending_xref)):
        page = Path(app.srcdir, app.env.docname)
        if link["reftype"] == "myst" and (page.parent / link["reftarget"]).is_dir():
            link.replace_self(link.children)


def write_front(app: Sphinx, error: Exception | None) -> None:
    """Lead from the folder of the site to its first page."""
    if error is None:
        Path(app.outdir, "index.html").write_text(FRONT.format(project, root_doc), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register the functions above."""
    app.connect("source-read", add_contents)
    app.connect("doctree-read", unlink_folders)
    app.connect("build-finished", write_front)
