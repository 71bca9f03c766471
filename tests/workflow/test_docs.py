"""The documentation builds without a warning, its links lead somewhere, and its pages load nothing from elsewhere."""

import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from gradual_learning.configuration.renamed_keys import RENAMED

COMMAND = re.compile(r"<!-- command: docs -->\n```bash\nsphinx-build (.*) site\n```")
REMOTE_STYLE = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//")
LOADED = {"audio", "embed", "iframe", "img", "link", "object", "script", "source", "video"}
ADDRESSES = {"data", "href", "poster", "src", "srcset"}


class Page(HTMLParser):
    """What an HTML page refers to, what it loads, and the anchors it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = {value for name, value in attrs if name in ADDRESSES and value}
        self.links |= found
        self.loaded |= found if tag in LOADED else set()
        self.anchors |= {value for name, value in attrs if name in {"id", "name"} and value}


@pytest.fixture(scope="module")
def site(root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    options = COMMAND.search((root / "CONTRIBUTING.md").read_text(encoding="utf-8"))[1]
    command = [sys.executable, "-m", "sphinx", "-q", *shlex.split(options), folder]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_document_is_a_page(root, site):
    documents = [path.relative_to(root) for path in [*root.glob("*.md"), *root.glob("docs/**/*.md")]]
    assert len(documents) >= 15
    assert [path for path in documents if not (site / path).with_suffix(".html").exists()] == []


def test_every_link_within_the_site_leads_somewhere(pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {"", parts.fragment}
            if not target.exists() or parts.fragment not in anchors:
                broken.append(f"{path.name}: {link}")
    assert not broken


def test_no_page_loads_anything_remote(site, pages):
    remote = {link for page in pages.values() for link in page.loaded if urlsplit(link).scheme not in {"", "data"}}
    remote |= {link for page in pages.values() for link in page.loaded if link.startswith("//")}
    assert not remote
    styles = [*site.rglob("*.css"), *pages]
    assert [path for path in styles if REMOTE_STYLE.search(path.read_text(encoding="utf-8"))] == []


def test_citation_and_changelog_name_one_version(root):
    version = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))["version"]
    newest = re.search(r"^## \[(.+?)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert version == newest


def test_the_changelog_lists_every_renamed_key(root):
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8").replace("NAME", "*")
    assert [key for key, new in RENAMED.items() if f"| `{key}` | `{new}`" not in changelog] == []
