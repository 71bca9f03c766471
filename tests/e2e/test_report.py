"""The report of the tiny experiment, used with clicks in a real browser: headless Chromium from Debian's packages."""

import html
import re
import zipfile
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from report_browser import MENU, ROWS, click, errors, open_categories, open_entry, open_report, read_page, row, wait

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["html", "zip"])
def report(request, finished, snakemake, tiny, tmp_path_factory):
    """The report as one file, and as an archive that is unpacked."""
    folder = tmp_path_factory.mktemp("report")
    path = folder / f"report.{request.param}"
    snakemake("--configfile", tiny, "--report", path, cwd=finished.parent)
    if request.param == "html":
        return path
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder / "report" / "report.html"


@pytest.fixture
def opened(browser, report):
    open_report(browser, report.as_uri())
    return browser


def titles_on_disk(finished: Path) -> dict[str, bool]:
    """Return the titles of all pages, and whether each has a figure."""
    pages = [*finished.glob("*.html"), *finished.glob("pages/*.html")]
    figures = {path.stem for path in (finished / "figures").glob("*.svg")}
    headings = {page: re.search("<h1>(.*?)</h1>", page.read_text(encoding="utf-8"))[1] for page in pages}
    return {html.unescape(heading): page.stem in figures for page, heading in headings.items()}


def test_every_entry_of_every_category_opens_on_a_click(opened, finished):
    expected, shown = titles_on_disk(finished), {}
    assert len(expected) > 15
    for category in open_categories(opened):
        entries = [cell.text for cell in opened.find_elements(By.XPATH, f"{ROWS}/td[1]")]
        assert len(entries) == opened.execute_script(
            "return Object.values(categories[arguments[0]])[0].length", category
        )
        for number, entry in enumerate(entries, 1):
            click(opened, f"{row(number)}//td[last()]//a[1]")
            content = read_page(opened)
            assert content["title"] == entry
            assert all(image["width"] > 0 and len(image["text"]) > 40 for image in content["images"]), entry
            assert content["images"] or content["tables"], entry
            assert not content["overflows"], f"{entry} is wider than its window"
            shown[entry] = bool(content["images"])
    assert shown == expected
    assert errors(opened) == []


def test_every_entry_describes_its_numbers_on_a_click(opened):
    described = 0
    for category in open_categories(opened):
        for number in range(1, 1 + len(opened.find_elements(By.XPATH, ROWS))):
            click(opened, f"{row(number)}//td[last()]//a[2]")
            description = "//nav//li[contains(@class, 'prose')]"
            text = wait(opened).until(lambda it, path=description: it.find_element(By.XPATH, path)).text
            assert re.search(r"\d", text), f"the description of entry {number} of {category} states no number"
            assert "System Message" not in text
            described += 1
            click(opened, f"//nav//ol//a[.='{category}']")
    assert described == opened.execute_script("return Object.keys(results).length")
    assert errors(opened) == []


def test_the_summary_comes_first_and_is_that_of_the_run(opened, finished):
    first = opened.find_elements(By.XPATH, MENU)[0].text
    content = open_entry(opened, first, "Findings of this run")
    text = (finished / "summary.md").read_text(encoding="utf-8")
    claims = [claim for claim, _ in re.findall(r"^\| (.*) \| (.*) \|$", text, re.MULTILINE) if claim != "claim"]
    assert len(claims) > 5
    assert all(claim in content["text"] for claim in claims)


def test_the_page_on_methods_names_sets_versions_and_settings(opened):
    text = open_entry(opened, "1 Summary", "How this was made")["text"]
    assert "C(q) in {MaybeKnown}" in text and "torch" in text
    assert '"heldout_questions": 60' in text and "seeds 4" in text


def test_a_screenshot_shows_a_figure_in_color(opened, tmp_path):
    open_entry(opened, "2 Accuracy", "Accuracy by strategy and by category at base")
    opened.save_screenshot(str(tmp_path / "accuracy.png"))
    from matplotlib.image import imread

    pixels = imread(tmp_path / "accuracy.png")
    assert pixels.shape[1] >= 1400
    colored = pixels[..., :3].max(axis=2) - pixels[..., :3].min(axis=2) > 0.3
    assert colored[:, 750:].mean() > 0.0005, "the half of the window with the figure is gray"
