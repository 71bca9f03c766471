"""The report of the tiny experiment, used with clicks in a real browser: headless Chromium from Debian's packages."""

import html
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.slow

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1000"]
SECONDS = 60  # for a page to load
MENU = "//nav//a[span[starts-with(translate(., '123456789', '000000000'), '0 ')]]"  # categories begin with a number
ROWS = "//nav//tbody/tr"

IS_LOADED = """
const images = [...document.images];
return document.readyState === 'complete' && !!document.querySelector('h1') && images.every(image => image.complete);
"""
STANDS_STILL = "return document.getAnimations().every(animation => animation.playState !== 'running')"
CONTENT = """
return {
  title: document.querySelector('h1').textContent,
  images: [...document.images].map(image => ({width: image.naturalWidth, text: image.alt})),
  tables: document.querySelectorAll('table').length,
  text: document.body.innerText,
  overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
};
"""


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


@pytest.fixture(scope="module")
def browser():
    paths = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in paths:
        pytest.skip("no browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = paths[0]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ARGUMENTS:
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(paths[1]))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, report):
    browser.get(report.as_uri())
    wait(browser).until(lambda driver: driver.find_elements(By.XPATH, MENU))
    return browser


def wait(browser: WebDriver) -> WebDriverWait:
    return WebDriverWait(browser, SECONDS, poll_frequency=0.05)


def click(browser: WebDriver, xpath: str) -> None:
    """Click an element with the mouse, as soon as it stands still and nothing covers it."""
    wait(browser).until(lambda driver: driver.execute_script(STANDS_STILL))
    wait(browser).until(element_to_be_clickable((By.XPATH, xpath))).click()


def read_page(browser: WebDriver) -> dict[str, Any]:
    """Return the content of the page that the report shows."""
    browser.switch_to.frame(wait(browser).until(lambda it: it.find_element(By.TAG_NAME, "iframe")))
    wait(browser).until(lambda driver: driver.execute_script(IS_LOADED))
    content = browser.execute_script(CONTENT)
    browser.switch_to.default_content()
    return content


def open_categories(browser: WebDriver) -> Iterator[str]:
    """Click on each category in turn, and on the way back after it was used."""
    for name in [item.text for item in browser.find_elements(By.XPATH, MENU)]:
        click(browser, f"{MENU}[span='{name}']")
        yield name
        click(browser, "//nav//ol//a[.='Results']")


def row(number: int) -> str:
    return f"({ROWS})[{number}]"


def open_entry(browser: WebDriver, category: str, title: str) -> dict[str, Any]:
    """Click on a category and on the button that shows an entry; return the content of the page."""
    click(browser, f"{MENU}[span='{category}']")
    click(browser, f"{ROWS}[td[1]='{title}']//td[last()]//a[1]")
    return read_page(browser)


def errors(browser: WebDriver) -> list[str]:
    return [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]


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
