"""The report of the tiny experiment, opened in a real browser: Chromium without a window, from Debian's packages."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1000"]
SECONDS = 60  # until a page must be there
OPEN = "app.setView({content: 'html', contentPath: results[arguments[0]].data_uri})"
ARE_LOADED = """
const images = [...document.images];
return document.readyState === 'complete' && !!document.querySelector('h1') && images.every(image => image.complete);
"""
SEEN = """
return {
  title: document.querySelector('h1').textContent,
  images: [...document.images].map(image => ({width: image.naturalWidth, text: image.alt})),
  tables: document.querySelectorAll('table').length,
  text: document.body.innerText,
  spills: document.documentElement.scrollWidth > document.documentElement.clientWidth,
};
"""


@pytest.fixture(scope="module", params=["html", "zip"])
def report(request, finished, snakemake, tiny, tmp_path_factory):
    """The report as one file and as an archive that is unpacked."""
    folder = tmp_path_factory.mktemp("report")
    made = folder / f"report.{request.param}"
    snakemake("--configfile", tiny, "--report", made, cwd=finished.parent)
    if request.param == "html":
        return made
    with zipfile.ZipFile(made) as archive:
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
    WebDriverWait(browser, SECONDS).until(lambda driver: driver.execute_script("return typeof app === 'object'"))
    return browser


def visit(browser, path):
    """Open a page of the report and tell what is seen on it."""
    browser.execute_script(OPEN, path)
    browser.switch_to.frame(WebDriverWait(browser, SECONDS).until(lambda it: it.find_element(By.TAG_NAME, "iframe")))
    WebDriverWait(browser, SECONDS).until(lambda driver: driver.execute_script(ARE_LOADED))
    seen = browser.execute_script(SEEN)
    browser.switch_to.default_content()
    return seen


def test_every_page_opens_and_every_figure_loads(opened, finished):
    results = opened.execute_script("return results")
    assert {finished.parent / path for path in results} == {*finished.glob("*.html"), *finished.glob("pages/*.html")}
    figures = {path.stem for path in (finished / "figures").glob("*.svg")}
    shown = set()
    for path, result in results.items():
        seen = visit(opened, path)
        subject = Path(path).stem
        assert seen["title"] == result["labels"]["subject"]
        assert all(image["width"] > 0 and len(image["text"]) > 40 for image in seen["images"]), path
        assert not seen["spills"], f"{path} is wider than its window"
        assert seen["images"] or seen["tables"], path
        assert re.search(r"\d", result["caption"]), f"the caption of {path} states no number"
        shown |= {subject} if seen["images"] else set()
    assert shown == figures
    errors = [line for line in opened.get_log("browser") if line["level"] == "SEVERE"]
    assert errors == []


def test_captions_are_sound_and_categories_lead_to_all_pages(opened):
    results, categories = (opened.execute_script(f"return {name}") for name in ("results", "categories"))
    listed = [path for parts in categories.values() for paths in parts.values() for path in paths]
    assert sorted(listed) == sorted(results)
    assert not any("system-message" in result["caption"] for result in results.values())
    assert sorted(categories)[0] == "1 Summary"


def test_the_summary_in_the_report_is_the_one_beside_it(opened, finished):
    seen = visit(opened, "results/summary.html")
    told = (finished / "summary.md").read_text(encoding="utf-8")
    claims = re.findall(r"^\| (.*) \| (.*) \|$", told, re.MULTILINE)
    assert len(claims) > 5
    assert all(claim in seen["text"] for claim, _ in claims if not claim.startswith("-"))


def test_how_it_was_made_names_sets_versions_and_settings(opened):
    text = visit(opened, "results/methods.html")["text"]
    assert "C(q) in {MaybeKnown}" in text and "torch" in text and '"probe_questions": 60' in text and "seeds 4" in text


def test_a_screenshot_shows_more_than_one_colour(opened, tmp_path):
    visit(opened, "results/pages/accuracy.html")
    opened.save_screenshot(str(tmp_path / "accuracy.png"))
    from matplotlib.image import imread

    pixels = imread(tmp_path / "accuracy.png")
    assert pixels.shape[1] >= 1400
    coloured = pixels[..., :3].max(axis=2) - pixels[..., :3].min(axis=2) > 0.3
    assert coloured[:, 750:].mean() > 0.0005, "the figure's half of the window is grey"
